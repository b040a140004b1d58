import HTTP
import Support
import Testing

/// Paths as an attacker would write them.
@Suite(.tiers(.unit, .security))
struct PathTests {
  let router = {
    var router = Router<String>()
    router.add(.get, "/", "root")
    router.add(.get, "/users", "list")
    router.add(.get, "/users/{id}", "user")
    router.add(.get, "/users/me", "me")
    router.add(.get, "/users/{id}/items", "items")
    router.add(.get, "/K", "K")
    router.add(.get, "/1/2/3/4/5/6/7/8/9/10/11/12", "deepest")
    router.add(.get, "/{a}/{b}/{c}/{d}/{e}/{f}", "many")
    return router
  }()

  @Test(arguments: [
    ("/users/a%2Fb", Outcome.found("user", ["a/b"])),
    ("/users/a%2fitems", .found("user", ["a/items"])),
    ("/users/%2e%2e%2f%2e%2e", .found("user", ["../.."])),
    ("/users%2Fme", .unknown),
    ("%2Fusers", .unknown),
  ])
  func `an encoded slash stays in its segment`(path: String, due: Outcome) {
    #expect(Outcome(router, .get, path) == due)
  }

  @Test(arguments: [
    ("/%75sers", Outcome.found("list")),
    ("/users/%6De", .found("me")),
    ("/users/%6d%65", .found("me")),
    ("/users/a%20b+c", .found("user", ["a b+c"])),
    ("/users/%252e", .found("user", ["%2e"])),
    ("/users/%D0%90%D0%BD%D1%8F", .found("user", ["Аня"])),
    ("/users/Аня", .found("user", ["Аня"])),
    ("/users/%0A", .found("user", ["\n"])),
    ("/users/'%3B--", .found("user", ["';--"])),
    ("/users/%22%7D", .found("user", ["\"}"])),
  ])
  func `a segment is decoded once`(path: String, due: Outcome) {
    #expect(Outcome(router, .get, path) == due)
  }

  @Test(arguments: [
    "/users/%", "/users/%2", "/users/%zz", "/users/%2x", "/users/% 20", "/users/%+1", "/users/%-1",
    "/users/%00", "/users/a%00b", "/%00", "/users/%ff", "/users/%80", "/users/%c3%28", "/users/%e2%84",
    "/users/%c0%af", "/users/%e0%80%af", "/users/%ed%a0%80", "/users/%f4%90%80%80", "/users/%fe",
    "/nowhere/%zz", "/users/\u{0}", "/users/%２0",
  ])
  func `a path that does not decode to text is malformed`(path: String) {
    #expect(Outcome(router, .get, path) == .malformed)
  }

  @Test(arguments: [
    "", "users", "Ϟ/", "%zz", "*", "//", "//users", "/users/", "/users//", "/users//items", "/users/7/items/",
    "/./users",
    "/../users", "/users/../users", "/users/./items/", "\\users", "/users;/x/y", "/USERS", "/users ", " /users",
    "/users%20", "/%2e%2e/users", "http://host/users",
  ])
  func `empty segments and dots are ordinary, different paths`(path: String) {
    #expect(Outcome(router, .get, path) == .unknown)
  }

  @Test(arguments: [
    ("/\u{212A}", Outcome.unknown),
    ("/%E2%84%AA", .unknown),
    ("/K", .found("K")),
    ("/%4B", .found("K")),
    ("/users/\u{212A}", .found("user", ["\u{212A}"])),
    ("/ｕｓｅｒｓ", .unknown),
    ("∕users", .unknown),
    ("/users／me", .unknown),
    ("/users\u{200B}", .unknown),
  ])
  func `a Kelvin sign is not a K`(path: String, due: Outcome) {
    #expect(Outcome(router, .get, path) == due)
  }

  // As `String`, a slash and the combining mark behind it are one character, and not a slash.
  @Test(arguments: [
    ("/\u{301}users", Outcome.unknown),
    ("/users/\u{301}me", .found("user", ["\u{301}me"])),
    ("/users/7/\u{338}items", .unknown),
    ("/users\u{301}/7/items", .unknown),
    ("/users/7\u{301}/items", .found("items", ["7\u{301}"])),
  ])
  func `a combining mark does not swallow the slash before it`(path: String, due: Outcome) {
    #expect(Outcome(router, .get, path) == due)
  }

  @Test func `a path that is too deep is unknown, however deep it is`() {
    let deepest = "/1/2/3/4/5/6/7/8/9/10/11/12"
    #expect(Outcome(router, .get, deepest) == .found("deepest"))
    #expect(Outcome(router, .get, deepest + "/13") == .unknown)
    #expect(Outcome(router, .get, deepest + "/") == .unknown)
    #expect(Outcome(router, .get, String(repeating: "/users", count: 20_000)) == .unknown)
    #expect(Outcome(router, .get, String(repeating: "/", count: 100_000)) == .unknown)
    #expect(Outcome(router, .get, "/users/" + String(repeating: "x", count: 100_000)) != .unknown)
  }
}
