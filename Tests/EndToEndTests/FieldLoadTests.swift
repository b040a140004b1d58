import FoundationEssentials
import Postgres
import Support
import Testing

/// A small version of a load script from the field: it knows one user, one item and one operation.
@Suite(.tiers(.e2e, .concurrency, .slow), .serialized)
struct FieldLoadTests {
  private static let user = "550e8400-e29b-41d4-a716-446655440000"
  private static let body = """
    {"user_id":"\(user)","section":"main","operation_type":"system_reward",\
    "operation_id":"550e8400-e29b-41d4-a716-446655440001",\
    "items":[{"item_id":"550e8400-e29b-41d4-a716-446655440002","quantity":1}],"comment":"load"}
    """

  @Test func `many clients sign in, read and add the same operation again and again, and it happens once`() throws {
    let world = try World(["TUCKSHOP_UNSAFE_TELEGRAM_LOGIN": "on"])
    let before = try held(world)
    let statuses = try onThreads(16) { client in
      let form = "telegram_id=\(1000 + client)&username=load%5Ftester+\(client)"
      let login = try world.ask(
        "/auth/login", method: "POST", headers: [("Content-Type", "application/x-www-form-urlencoded")], body: form,
        port: world.loginPort)
      let token = login.member("token") ?? ""
      let headers = [("Authorization", "Bearer \(token)"), ("Content-Type", "application/json")]
      var seen = [login.status]
      for prefix in ["", "/api", "", ""] {
        seen.append(try world.ask(prefix + "/inventory", headers: headers).status)
        seen.append(
          try world.ask(prefix + "/inventory/add-items", method: "POST", headers: headers, body: Self.body).status)
      }
      return seen
    }.flatMap { $0 }
    #expect(statuses == Array(repeating: 200, count: 16 * 9))
    #expect(try held(world) == before + 1)
    // This login works nowhere else.
    #expect(try world.ask("/auth/login", method: "POST", body: "telegram_id=1").status != 200)
    #expect(try world.stop() == 0)
  }

  private func held(_ world: World) throws -> Int {
    try world.database().value(
      """
      SELECT coalesce(sum(a.balance), 0)::bigint FROM accounts a JOIN assets s ON s.id = a.asset
      WHERE a.owner = \(Self.user)::uuid AND s.item_id = '550e8400-e29b-41d4-a716-446655440002' AND a.section = 'main'
      """)
  }

  @Test func `an overdue reservation is returned by an idle worker, without a request`() throws {
    let world = World.shared
    let headers = [("Authorization", "Bearer \(try world.adminToken())"), ("Content-Type", "application/json")]
    func post(_ path: String, _ operation: String, _ more: String) throws -> HTTPAnswer {
      let item = #""items":[{"item_id":"550e8400-e29b-41d4-a716-446655440002","quantity":3}]"#
      let body = #"{"user_id":"\#(Self.user)","operation_id":"\#(operation)",\#(item),\#(more)}"#
      return try world.ask(path, method: "POST", headers: headers, body: body)
    }
    let key = UUID().uuidString.lowercased()
    let added = try post(
      "/inventory/add-items", key, #""section":"main","operation_type":"system_reward""#)
    #expect(added.status == 200, "\(added.body)")
    #expect(try post("/inventory/reserve", key, #""expires_in":1"#).status == 200)
    let database = try world.database()
    try eventually("the reservation has expired") {
      try database.value("SELECT status = 'expired' FROM reservations WHERE key = \(key)::uuid")
    }
    let count: Int = try database.value(
      "SELECT count(*) FROM operations WHERE kind = 'expire_reserve' AND key = \(key)::uuid")
    #expect(count == 1)
  }
}
