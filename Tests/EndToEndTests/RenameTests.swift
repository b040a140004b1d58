import Postgres
import Support
import Testing

/// Names that the workers of a pool keep in shared memory.
@Suite(.tiers(.e2e))
struct RenameTests {
  @Test func `every worker shows a new name, also after a reload, and the pool that changed it goes on`() throws {
    let world = try World()
    let (anna, admin) = (try world.merchToken("anna"), try world.adminToken())
    _ = try world.merchToken("boris")
    #expect(try world.post("/api/sendCoin", #"{"toUser":"boris","amount":1}"#, token: anna).status == 200)
    func names() throws -> Set<String> {
      Set(
        try onThreads(8) { _ in
          try world.ask("/api/info", headers: [("Authorization", "Bearer " + anna)]).member("toUser") ?? "?"
        })
    }
    for _ in 0..<5 { #expect(try names() == ["boris"]) }
    let id: String = try world.database().value("SELECT id::text FROM users WHERE username = 'boris'")
    for name in ["boris-b", "boris-c", "boris-d"] {
      let renamed = try world.ask(
        "/api/v1/users/\(id)", method: "PATCH",
        headers: [("Authorization", "Bearer " + admin), ("Content-Type", "application/json")],
        body: #"{"username":"\#(name)"}"#)
      #expect(renamed.status == 200, "\(renamed.body)")
      // The new workers take over the memory of those who have not heard of the name.
      if name == "boris-d" { #expect(try world.tuckshop("reload").status == 0) }
      try eventually("all know the new name") { try names() == [name] }
      for _ in 0..<5 { #expect(try names() == [name]) }
    }
    #expect(try world.stop() == 0)
  }
}
