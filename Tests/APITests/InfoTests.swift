import API
import FoundationEssentials
import HTTP
import Identity
import Ledger
import Notation
import Postgres
import Support
import Testing

/// `GET /api/info`: the wallet in one document, whose names come from the workers' memory.
@Suite(.tiers(.api, .database))
struct InfoTests {
  private func send(_ amount: Int, to name: String, as token: String, _ shop: Shop) {
    let body: JSON = ["toUser": .string(name), "amount": .integer(amount)]
    let answer = shop.ask(.post, "/api/sendCoin", body, as: token)
    #expect(answer.status == 200, "\(answer.text)")
  }

  private func sent(_ answer: Answer) -> [String] {
    (answer.members["coinHistory"]?.members["sent"]?.elements ?? []).map {
      "\($0.members["toUser"]?.text ?? "?") \($0.members["amount"]?.whole ?? 0)"
    }
  }

  @Test func `the document is exactly this, with the oldest first`() throws {
    try withOrderDesk { desk in
      let boris = try desk.shop.token(desk.shop.person(#"bo"ris\é"#))
      #expect(
        desk.shop.ask(.get, "/api/info", as: boris).text
          == #"{"coins":0,"inventory":[],"coinHistory":{"received":[],"sent":[]}}"#)
      for amount in [5, 6] { send(amount, to: #"bo"ris\é"#, as: desk.mine, desk.shop) }
      send(3, to: "buyer", as: boris, desk.shop)
      for item in ["pen", "cup", "pen"] { _ = try desk.buy(item) }
      let answer = desk.shop.ask(.get, "/api/info", as: desk.mine)
      #expect(answer.header("Link") == nil)
      #expect(
        answer.text == #"{"coins":952,"inventory":[{"type":"pen","quantity":2},{"type":"cup","quantity":1}],"#
          + #""coinHistory":{"received":[{"fromUser":"bo\"ris\\é","amount":3}],"#
          + #""sent":[{"toUser":"bo\"ris\\é","amount":5},{"toUser":"bo\"ris\\é","amount":6}]}}"#)
    }
  }

  @Test func `a person who is renamed has the new name in everybody's document`() throws {
    try withOrderDesk { desk in
      let boris = try desk.shop.person("boris")
      send(5, to: "boris", as: desk.mine, desk.shop)
      #expect(sent(desk.shop.ask(.get, "/api/info", as: desk.mine)) == ["boris 5"])
      // Another worker changes the name, and this one learns of it.
      let admin = try desk.shop.bearer(.admin)
      let renamed = try desk.shop.place.worker().ask(
        .patch, "/api/v1/users/\(boris.id.text)", ["username": "boris-the-second"], as: admin)
      #expect(renamed.status == 200, "\(renamed.text)")
      try eventually("the new name") {
        sent(desk.shop.ask(.get, "/api/info", as: desk.mine)) == ["boris-the-second 5"]
      }
    }
  }

  /// Such a caller brings no token, so nothing else makes the worker read what has changed.
  @Test func `a caller whom nginx vouches for sees new names too`() throws {
    try withOrderDesk { desk in
      desk.shop.worker.desk.trustedUserHeader = "X-Remote-User"
      func senders() -> [String] {
        var request = Request(.get, "/api/info", headers: ["X-Remote-User": "anna"], id: "r-1")
        request.vouchedHeader = "X-Remote-User"
        let received = desk.shop.worker.ask(request).members["coinHistory"]?.members["received"]?.elements ?? []
        return received.map { $0.members["fromUser"]?.text ?? "?" }
      }
      #expect(senders() == [])
      send(5, to: "anna", as: desk.mine, desk.shop)
      #expect(senders() == ["buyer"])
      let admin = try desk.shop.bearer(.admin)
      let renamed = try desk.shop.place.worker().ask(
        .patch, "/api/v1/users/\(desk.buyer.id.text)", ["username": "customer"], as: admin)
      #expect(renamed.status == 200, "\(renamed.text)")
      try eventually("the new name") { senders() == ["customer"] }
    }
  }

  @Test func `a new session, perhaps with a restored database, trusts no name from before`() throws {
    try withOrderDesk { desk in
      let boris = try desk.shop.person("boris")
      send(5, to: "boris", as: desk.mine, desk.shop)
      #expect(sent(desk.shop.ask(.get, "/api/info", as: desk.mine)) == ["boris 5"])
      // As if the database had been replaced: no worker is told of this name.
      try desk.shop.owner.run("UPDATE users SET username = 'somebody else' WHERE id = \(boris.id)")
      #expect(sent(desk.shop.ask(.get, "/api/info", as: desk.mine)) == ["boris 5"])
      let superuser = TestCluster.settings(user: TestCluster.superuser, database: desk.shop.place.database)
      try Connection.open(superuser, deadline: .after(milliseconds: 10_000)).run(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND usename = \(TestCluster.app)
        """)
      try eventually("the session is new") {
        sent(desk.shop.ask(.get, "/api/info", as: desk.mine)) == ["somebody else 5"]
      }
    }
  }

  @Test func `of a thousand and one transfers the newest thousand are shown, and a link leads to the others`() throws {
    try withOrderDesk { desk in
      try desk.shop.person("boris")
      try desk.grant(2000, to: desk.buyer)
      func send(_ amount: Int) throws {
        let intent = Intent(owner: desk.buyer.id, key: nil, requestID: nil)
        _ = try Transfer(to: "boris", amount: amount, message: nil).make(intent, on: desk.shop.owner)
      }
      for amount in [3, 2] { try send(amount) }
      for _ in 0..<998 { try send(1) }
      let full = desk.shop.ask(.get, "/api/info", as: desk.mine)
      #expect(full.header("Link") == nil)
      #expect(sent(full).count == 1000)
      #expect(sent(full).first == "boris 3")
      try send(4)
      let more = desk.shop.ask(.get, "/api/info", as: desk.mine)
      #expect(more.header("Link")?.contains("/api/v1/wallet/history?kind=transfer") == true)
      #expect(sent(more).count == 1000)
      #expect(sent(more).first == "boris 2")
      #expect(sent(more).last == "boris 4")
    }
  }

  @Test func `a name without room in the memory is read each time`() throws {
    try withOrderDesk { desk in
      let name = String(repeating: "long", count: 20)
      try desk.shop.person(name)
      send(5, to: name, as: desk.mine, desk.shop)
      for _ in 0..<2 { #expect(sent(desk.shop.ask(.get, "/api/info", as: desk.mine)) == ["\(name) 5"]) }
    }
  }
}
