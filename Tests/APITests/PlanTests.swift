import Identity
import API
import HTTP
import Support
import Testing

@Suite(.tiers(.api))
struct PlanTests {
  private let planner = Planner(routes(), bodyLimitBytes: 1000)

  private func dialect(_ path: String) -> Dialect { planner.plan(.get, path).dialect }

  @Test(arguments: [
    "/api/auth", "/api/auth/", "/api/auth/x", "/api/info", "/api/info/x", "/api/sendCoin", "/api/buy", "/api/buy/x",
    "/api/buy/x/y", "/api/authx", "/api/authentication", "/api/infos", "/api/sendcoin", "/api/Info", "/api/buyx/y",
    "/api/V1/users", "/api/v1x", "/api/v11/x", "/api/inventoryx", "/api/Inventory", "/api/x", "/api/%zz", "//api//info",
    "/api/%69nfo", "/%61pi/info", "/api/buy/%zz", "/api/buy/\u{301}",
  ])
  func `the shop's own contract uses the dialect merch`(path: String) {
    #expect(dialect(path) == .merch)
  }

  @Test(arguments: [
    "/inventory", "/inventory/", "/inventory/x", "/inventory/items/1", "/api/inventory", "/api/inventory/reserve",
    "/admin/inventory", "/admin/inventory/adjust", "//inventory", "/%69nventory", "/api/%69nventory/x",
    "/inventory/api/info",
  ])
  func `the inventory uses its own dialect`(path: String) {
    #expect(dialect(path) == .inventory)
  }

  @Test(arguments: [
    "", "/", "/api", "/api/", "/api/v1", "/api/%761/x", "/api/v1/users", "/api/v1/inventory", "/api/v1/auth/login",
    "/api/v1/nowhere", "/API/info", "/apix/info",
    "/inventoryx", "/Inventory", "/inventory%2Fx", "/inventory;x", "/inventory\u{301}", "/\u{301}inventory",
    "/admin", "/admin/users", "/admin/inventoryx", "/xadmin/inventory", "/v1/inventory", "/health", "/metrics",
    "/nowhere", "inventoryx", "/api%2Finfo", "/%zz", "/info", "/auth",
  ])
  func `every other path answers with problem details`(path: String) {
    #expect(dialect(path) == .problem)
  }

  @Test func `only a picture may be larger than other bodies`() {
    func limit(_ method: HTTP.Method, _ path: String) -> Int { planner.plan(method, path).bodyLimitBytes }
    let cup = "/api/v1/items/11e30000-0000-8000-8000-000000000002"
    #expect(limit(.put, cup + "/image") == 2 << 20)
    for path in [
      cup, cup + "/imag", cup + "/image/", cup + "/images", "/api/v1/items/image", "/api/v1/items//image",
      "/api/v1/items/a/b/image", "/api/v1/users/1/image", "/x/api/v1/items/1/image",
    ] { #expect(limit(.put, path) == 1000, "\(path)") }
    #expect(limit(.post, cup + "/image") == 1000 && limit(.get, cup + "/image") == 1000)
  }

  @Test(.tiers(.security), arguments: [("", 401), ("X-Other", 401), ("X-Remote-User", 200)])
  func `the trusted header counts only if nginx vouches for it`(vouched: String, status: Int) throws {
    try withShop { shop in
      let anna = try shop.person("anna")
      shop.worker.desk.trustedUserHeader = "X-Remote-User"
      var request = Request(.get, "/api/v1/auth/me", headers: ["X-Remote-User": anna.username], id: "r-1")
      request.vouchedHeader = vouched
      #expect(shop.worker.ask(request).status == status)
    }
  }
}
