import API
import Support
import Testing

@Suite(.tiers(.unit))
struct DialectTests {
  @Test(arguments: [
    "/api/auth", "/api/auth/", "/api/auth/x", "/api/info", "/api/info/x", "/api/sendCoin", "/api/buy", "/api/buy/x",
    "/api/buy/x/y", "/api/authx", "/api/authentication", "/api/infos", "/api/sendcoin", "/api/Info", "/api/buyx/y",
    "/api/V1/users", "/api/v1x", "/api/v11/x", "/api/inventoryx", "/api/Inventory", "/api/x", "/api/%zz", "//api//info",
    "/api/%69nfo", "/%61pi/info", "/api/buy/%zz", "/api/buy/\u{301}",
  ])
  func `the shop's own contract uses the dialect merch`(path: String) {
    #expect(Dialect(path: path) == .merch)
  }

  @Test(arguments: [
    "/inventory", "/inventory/", "/inventory/x", "/inventory/items/1", "/api/inventory", "/api/inventory/reserve",
    "/admin/inventory", "/admin/inventory/adjust", "//inventory", "/%69nventory", "/api/%69nventory/x",
    "/inventory/api/info",
  ])
  func `the inventory uses its own dialect`(path: String) {
    #expect(Dialect(path: path) == .inventory)
  }

  @Test(arguments: [
    "", "/", "/api", "/api/", "/api/v1", "/api/%761/x", "/api/v1/users", "/api/v1/inventory", "/api/v1/auth/login",
    "/api/v1/nowhere", "/API/info", "/apix/info",
    "/inventoryx", "/Inventory", "/inventory%2Fx", "/inventory;x", "/inventory\u{301}", "/\u{301}inventory",
    "/admin", "/admin/users", "/admin/inventoryx", "/xadmin/inventory", "/v1/inventory", "/health", "/metrics",
    "/nowhere", "inventoryx", "/api%2Finfo", "/%zz", "/info", "/auth",
  ])
  func `every other path answers with problem details`(path: String) {
    #expect(Dialect(path: path) == .problem)
  }
}
