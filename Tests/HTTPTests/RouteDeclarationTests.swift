import HTTP
import Support
import Testing

/// A mistake in the table of routes fails at the start of the program, not at a request.
@Suite(.tiers(.unit))
struct RouteDeclarationTests {
  @Test func `two routes for one method and path are refused`() async {
    await #expect(processExitsWith: .failure) {
      var router = Router<Int>()
      router.add(.get, "/users/{id}", 1)
      router.add(.get, "/users/{id}", 2)
    }
  }

  @Test func `one path parameter has one name`() async {
    await #expect(processExitsWith: .failure) {
      var router = Router<Int>()
      router.add(.get, "/users/{id}", 1)
      router.add(.delete, "/users/{name}", 2)
    }
  }

  @Test func `a name occurs once in a template`() async {
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

  @Test func `a brace is closed in the segment where it opens`() async {
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

  @Test func `a template deeper than the router's limit is refused`() async {
    await #expect(processExitsWith: .failure) {
      var router = Router<Int>()
      router.add(.get, "/1/2/3/4/5/6/7/8/9/10/11/12/13", 1)
    }
  }

  @Test func `a parameter that the route does not have is a programmer's error`() async {
    await #expect(processExitsWith: .failure) {
      let _: String = try PathParameters().require("id")
    }
  }

  @Test func `one path with several methods is not a conflict`() async {
    await #expect(processExitsWith: .success) {
      var router = Router<Int>()
      for (number, method) in Method.allCases.enumerated() { router.add(method, "/users/{id}", number) }
      router.add(.get, "/users/me", 7)
      router.add(.get, "/users/{id}/items", 8)
    }
  }
}
