import HTTP
import Support
import Testing

@Suite(.tiers(.unit))
struct RouterTests {
  let router = {
    var router = Router<String>()
    router.add(.get, "/", "root")
    router.add(.get, "/users", "list")
    router.add(.post, "/users", "register")
    router.add(.get, "/users/me", "me")
    router.add(.get, "/users/{id}", "user")
    router.add(.patch, "/users/{id}", "change")
    router.add(.get, "/users/me/settings", "settings")
    router.add(.get, "/users/{id}/items/{item}", "item of user")
    router.add(.get, "/buy/{item}", answersHead: false, "buy")
    router.add(.delete, "/sessions", "log out")
    router.add(.get, "/files", "files")
    router.add(.head, "/files", "files, only the head")
    router.add(.get, "/a/b/{x}/d", "abd")
    router.add(.get, "/a/{x}/c/{y}", "ac")
    router.add(.get, "/{x}/b/c/e", "be")
    return router
  }()

  @Test(arguments: [
    ("/", Outcome.found("root")),
    ("/users", .found("list")),
    ("/users/me", .found("me")),
    ("/users/you", .found("user", ["you"])),
    ("/users/ME", .found("user", ["ME"])),
    ("/users/me/settings", .found("settings")),
    ("/users/7/items/mug", .found("item of user", ["7", "mug"])),
  ])
  func `a literal takes precedence over a parameter`(path: String, due: Outcome) {
    #expect(Outcome(router, .get, path) == due)
  }

  @Test(arguments: [
    ("/users/me/items/mug", Outcome.found("item of user", ["me", "mug"])),
    ("/a/b/c/d", .found("abd", ["c"])),
    ("/a/b/c/x", .found("ac", ["b", "x"])),
    ("/a/b/c/e", .found("ac", ["b", "e"])),
    ("/z/b/c/e", .found("be", ["z"])),
    ("/users/b/c/e", .found("be", ["users"])),
    ("/users/you/settings", .unknown),
    ("/a/b/x/e", .unknown),
  ])
  func `the router backtracks from a literal that leads nowhere`(path: String, due: Outcome) {
    #expect(Outcome(router, .get, path) == due)
  }

  @Test func `a found route names its template and its method`() throws {
    let (route, _) = try router.match(.head, "/users/7/items/mug")
    #expect(route.template == "/users/{id}/items/{item}")
    #expect(route.method == .get)
  }

  @Test(
    arguments: [
      (Method.post, "/", Outcome.wrongMethod("GET, HEAD")),
      (.delete, "/users", .wrongMethod("GET, HEAD, POST")),
      (.delete, "/users/7", .wrongMethod("GET, HEAD, PATCH")),
      // The path means the literal, which has no PATCH.
      (.patch, "/users/me", .wrongMethod("GET, HEAD")),
      (.post, "/buy/mug", .wrongMethod("GET")),
      (.get, "/sessions", .wrongMethod("DELETE")),
      (nil, "/users", .wrongMethod("GET, HEAD, POST")),
      (nil, "/sessions", .wrongMethod("DELETE")),
      (nil, "/nowhere", .unknown),
      (.put, "/nowhere", .unknown),
    ] as [(Method?, String, Outcome)])
  func `for a wrong method the right ones are listed, in order`(method: Method?, path: String, due: Outcome) {
    #expect(Outcome(router, method, path) == due)
  }

  @Test func `where every resource has a UUID, no other id exists for a method without a route`() {
    var router = Router<String>()
    router.add(.get, "/items/{id:uuid}", "item")
    router.add(.get, "/items/{id:uuid}/image", "image")
    router.add(.get, "/items/new", "new")
    let id = "550e8400-e29b-41d4-a716-446655440000"
    #expect(Outcome(router, .get, "/items/\(id)") == .found("item", [id]))
    #expect(Outcome(router, .post, "/items/\(id)") == .wrongMethod("GET, HEAD"))
    #expect(Outcome(router, .post, "/items/\(id.uppercased())/image") == .wrongMethod("GET, HEAD"))
    // The route's handler has its own answer for it.
    #expect(Outcome(router, .get, "/items/details") == .found("item", ["details"]))
    for path in ["/items/details", "/items/\(id)0", "/items/details/image", "/items/%20"] {
      #expect(Outcome(router, .post, path) == .unknown, "\(path)")
    }
    #expect(Outcome(router, .post, "/items/new") == .wrongMethod("GET, HEAD"))
    #expect(router.routes.map(\.template) == ["/items/{id}", "/items/{id}/image", "/items/new"])
  }

  @Test(arguments: [
    ("/users", Outcome.found("list")),
    ("/users/7", .found("user", ["7"])),
    ("/files", .found("files, only the head")),
    ("/buy/mug", .wrongMethod("GET")),
    ("/sessions", .wrongMethod("DELETE")),
    ("/nowhere", .unknown),
  ])
  func `the route for GET answers HEAD, if the route allows it`(path: String, due: Outcome) {
    #expect(Outcome(router, .head, path) == due)
  }

  @Test(arguments: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
  func `a method is matched by its exact name`(name: String) {
    #expect(Method(rawValue: name) != nil)
    #expect(Method(rawValue: name.lowercased()) == nil)
    #expect(Method(rawValue: name + " ") == nil)
  }

  @Test func `every route is listed once`() {
    #expect(router.routes.count == 15)
    #expect(Set(router.routes.map { "\($0.method.rawValue) \($0.template)" }).count == 15)
  }

  @Test func `a router without routes knows no path`() {
    #expect(Outcome(Router<String>(), .get, "/") == .unknown)
  }
}
