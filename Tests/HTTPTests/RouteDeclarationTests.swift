import HTTP
import Support
import Testing

/// A mistake in the table of routes is found when the program starts, not when a request comes.
@Suite(.tiers(.unit))
struct RouteDeclarationTests {
  @Test func `two routes for one method and path are refused`() async {
    await #expect(processExitsWith: .failure) {
      var router = Router<Int>()
      router.add(.get, "/users/{id}", 1)
      router.add(.get, "/users/{id}", 2)
    }
  }

  @Test func `one place has one name`() async {
    await #expect(processExitsWith: .failure) {
      var router = Router<Int>()
      router.add(.get, "/users/{id}", 1)
      router.add(.delete, "/users/{name}", 2)
    }
  }

  @Test func `a name stands once in a template`() async {
    await #expect(processExitsWith: .failure) {
      var router = Router<Int>()
      router.add(.get, "/users/{id}/friends/{id}", 1)
    }
  }

  @Test func `a template begins with a slash`() async {
    await #expect(processExitsWith: .failure) {
      var router = Router<Int>()
      router.add(.get, "users", 1)
    }
  }

  @Test func `a brace is closed where the segment ends`() async {
    await #expect(processExitsWith: .failure) {
      var router = Router<Int>()
      router.add(.get, "/users/{id", 1)
    }
  }

  @Test func `a template is ASCII`() async {
    await #expect(processExitsWith: .failure) {
      var router = Router<Int>()
      router.add(.get, "/\u{212A}", 1)
    }
  }

  @Test func `a template deeper than any lookup is refused`() async {
    await #expect(processExitsWith: .failure) {
      var router = Router<Int>()
      router.add(.get, "/1/2/3/4/5/6/7/8/9/10/11/12/13", 1)
    }
  }

  @Test func `a parameter that the route does not have is a mistake of the program`() async {
    await #expect(processExitsWith: .failure) {
      let _: String = try PathParameters().require("id")
    }
  }

  @Test func `one path under several methods is no clash`() async {
    await #expect(processExitsWith: .success) {
      var router = Router<Int>()
      for (number, method) in Method.allCases.enumerated() { router.add(method, "/users/{id}", number) }
      router.add(.get, "/users/me", 7)
      router.add(.get, "/users/{id}/items", 8)
    }
  }
}
