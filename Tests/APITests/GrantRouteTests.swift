import API
import FoundationEssentials
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

@Suite(.tiers(.api, .database))
struct GrantRouteTests {
  private static let may: JSON = ["name": "2026-05", "amount": 5, "reason": "May", "to": "all"]

  private func coins(_ shop: Shop) throws -> [String] {
    try shop.owner.rows(
      "SELECT u.username || ' ' || p.balance FROM purses p JOIN users u ON u.id = p.owner WHERE balance > 0 ORDER BY 1"
    ) { try $0.value(0) }
  }

  private func table(_ shop: Shop, _ query: String, _ body: String, as token: String) -> Answer {
    let headers: Headers = ["Authorization": "Bearer " + token, "Content-Type": "text/csv; charset=utf-8"]
    return shop.worker.ask(
      Request(.post, "/api/v1/grants?" + query, headers: headers, body: Array(body.utf8), id: "r-1"))
  }

  private func recipients(_ answer: Answer) -> [String] {
    (answer.members["recipients"]?.elements ?? []).map { entry in
      let amount = if case .integer(let amount)? = entry.members["amount"] { amount } else { 0 }
      return "\(entry.members["username"]?.text ?? "") \(amount) \(entry.members["status"]?.text ?? "")"
    }.sorted()
  }

  @Test func `a small grant is done with its request, and asked for again it gives nothing more`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      for name in ["anna", "boris"] { try shop.person(name) }
      try shop.person("machine", .service)
      let first = shop.ask(.post, "/api/v1/grants", Self.may, as: admin)
      #expect(first.status == 201, "\(first.text)")
      #expect(first.header("Location") == "/api/v1/grants/2026-05")
      var members = first.members
      for name in ["created_at", "finished_at"] { #expect(members.removeValue(forKey: name)?.text != nil) }
      #expect(
        members == [
          "name": "2026-05", "reason": "May", "amount": 5, "to": "all", "status": "done", "done": 3, "total": 3,
          "total_coins": 15, "refused": 0, "created_by": "the admin",
        ])
      let due = ["anna 5", "boris 5", "the admin 5"]
      #expect(try coins(shop) == due)
      try shop.person("clara")
      let again = shop.ask(.post, "/api/v1/grants", Self.may, as: admin)
      #expect(again.status == 201)
      #expect(again.header("Idempotent-Replayed") == "true")
      #expect(again.text == first.text)
      #expect(try coins(shop) == due)
      let other = shop.ask(.post, "/api/v1/grants", Self.may.with(["amount": 6]), as: admin)
      #expect([other["code"]] == ["grant_exists"])
      #expect(other.status == 409)
      #expect(try coins(shop) == due)
      let notes = try shop.owner.rows(
        "SELECT actor || ' ' || subject_id || ' ' || (after->>'total') FROM audit WHERE action = 'coins.grant'"
      ) { try $0.value(0, as: String.self) }
      #expect(notes == ["the admin 2026-05 3"])
    }
  }

  @Test func `a grant to many is answered 202, and the pool ops gives the rest`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      try shop.owner.run(
        "INSERT INTO users (id, username) SELECT gen_random_uuid(), 'u' || n FROM generate_series(1, 1100) n")
      let first = shop.ask(.post, "/api/v1/grants", Self.may, as: admin)
      #expect(first.status == 202)
      #expect([first["status"], first["finished_at"]] == ["running", nil])
      #expect(first.members["total"] == 1101)
      let again = shop.ask(.post, "/api/v1/grants", Self.may, as: admin)
      #expect(again.status == 202)
      #expect(again.header("Idempotent-Replayed") == "true")
      var done = again
      // A batch that takes longer than a slice is cancelled, and another round gives it.
      try eventually("the grant is done") {
        try shop.worker.tidyUp()
        done = shop.ask(.get, "/api/v1/grants/2026-05?limit=1", as: admin)
        return done["status"] == "done"
      }
      #expect([done.members["done"], done.members["total"]] == [1101, 1101])
      let poor: Int = try shop.owner.value("SELECT count(*) FROM purses WHERE balance <> 5")
      #expect(poor == 0)
    }
  }

  @Test func `a list of usernames gets the coins, and a grant shows its recipients page by page`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      for name in ["anna", "boris", "clara", "daria"] { try shop.person(name) }
      let body = Self.may.with(["to": ["anna", "boris", "clara"]])
      #expect(shop.ask(.post, "/api/v1/grants", body, as: admin).status == 201)
      #expect(try coins(shop) == ["anna 5", "boris 5", "clara 5"])
      let first = shop.ask(.get, "/api/v1/grants/2026-05?limit=2", as: admin)
      #expect(first["to"] == "list")
      let cursor = try #require(first["next_cursor"])
      let second = shop.ask(.get, "/api/v1/grants/2026-05?limit=2&cursor=\(cursor)", as: admin)
      #expect(second.members["next_cursor"] == .null)
      #expect((recipients(first) + recipients(second)).sorted() == ["anna 5 done", "boris 5 done", "clara 5 done"])
      #expect(first.members["recipients"]?.elements.allSatisfy { $0.members["at"]?.text != nil } == true)
      let unknown = shop.ask(.get, "/api/v1/grants/2026-06", as: admin)
      #expect(unknown.status == 404)
      #expect(shop.ask(.get, "/api/v1/grants/2026-05?limit=0&cursor=x", as: admin).complaints.count == 2)
    }
  }

  @Test func `grants are listed page by page, newest first`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      for name in ["a", "b/ä?", "c"] {
        #expect(shop.ask(.post, "/api/v1/grants", Self.may.with(["name": .string(name)]), as: admin).status == 201)
      }
      let first = shop.ask(.get, "/api/v1/grants?limit=2", as: admin)
      #expect(first.members["items"]?.elements.map { $0.members["name"] } == ["c", "b/ä?"])
      let next = shop.ask(.get, "/api/v1/grants?cursor=\(first["next_cursor"] ?? "")", as: admin)
      #expect(next.members["items"]?.elements.map { $0.members["name"] } == ["a"])
      #expect(next.members["next_cursor"] == .null)
      #expect(shop.ask(.get, "/api/v1/grants/b%2Fa%CC%88%3F", as: admin)["name"] == "b/ä?")
    }
  }

  @Test func `a dry run counts and sums, and changes nothing`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      for name in ["anna", "boris"] { try shop.person(name) }
      let all = shop.ask(.post, "/api/v1/grants?dry_run=true", Self.may, as: admin)
      #expect(all.status == 200)
      #expect(all.members == ["count": 3, "sum": 15, "dry_run": true])
      let some = table(shop, "name=n&reason=r&dry_run=true", "username,amount\nanna,5\nboris,7\n", as: admin)
      #expect(some.members == ["count": 2, "sum": 12, "dry_run": true])
      let wrong = shop.ask(
        .post, "/api/v1/grants?dry_run=true", Self.may.with(["to": ["anna", "nobody"]]), as: admin)
      #expect(wrong.complaints == [["body", "to", "1", "value_error"]])
      #expect(try shop.count("grants") == 0)
      #expect(try shop.count("audit", "action = 'coins.grant'") == 0)
      #expect(try coins(shop) == [])
      #expect(shop.ask(.post, "/api/v1/grants", Self.may, as: admin).status == 201)
      let again = shop.ask(.post, "/api/v1/grants?dry_run=true", Self.may, as: admin)
      #expect(again.members == ["count": 0, "sum": 0, "dry_run": true])
      #expect(again.header("Idempotent-Replayed") == "true")
      let other = shop.ask(.post, "/api/v1/grants?dry_run=true", Self.may.with(["amount": 6]), as: admin)
      #expect(other.status == 409)
      #expect(shop.ask(.post, "/api/v1/grants?dry_run=yes", Self.may, as: admin).status == 422)
    }
  }

  @Test func `a table of recipients gives each their amount`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      for name in ["anna", "boris", "élan"] { try shop.person(name) }
      let body = "\u{FEFF}Username,amount\r\nanna,5\r\nboris,\r\n\"e\u{301}lan\",9\r\n"
      let first = table(shop, "name=quiz-1&reason=The+quiz&amount=20", body, as: admin)
      #expect(first.status == 201, "\(first.text)")
      #expect(first.members["amount"] == nil)
      #expect(first["reason"] == "The quiz")
      #expect(try coins(shop) == ["anna 5", "boris 20", "élan 9"])
      // The same amounts in another form are the same grant.
      let again = table(shop, "name=quiz-1&reason=The+quiz", body.replacing("boris,", with: "boris,20"), as: admin)
      #expect(again.header("Idempotent-Replayed") == "true")
    }
  }

  @Test func `every wrong recipient is named, and nobody gets anything`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      for name in ["anna", "boris", "clara"] { try shop.person(name) }
      try shop.owner.run("UPDATE users SET is_active = false WHERE username = 'clara'")
      let list: JSON = ["anna", "nobody", "anna", "", "clara", "boris"]
      let wrong = shop.ask(.post, "/api/v1/grants", Self.may.with(["to": list]), as: admin)
      #expect(wrong.status == 422)
      #expect(Set(wrong.complaints.map { $0[2] }) == ["1", "2", "3", "4"])
      let lines = "username,amount\nanna,5\nnobody,5\nboris,1.5\nanna,6\nboris,0\n,5\nboris\nclara,1\nboris,\n"
      let table = table(shop, "reason=r", lines, as: admin)
      #expect(table.complaints.map { $0[1] }.first == "name")
      #expect(
        Set(table.complaints.dropFirst().map { $0[1] })
          == ["line 3", "line 4", "line 5", "line 6", "line 7", "line 8", "line 9", "line 10"])
      #expect(table.text.contains("there is no active user nobody"))
      #expect(try shop.count("grants") == 0)
      #expect(try coins(shop) == [])
    }
  }

  @Test func `every member that is wrong is named`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      func places(_ body: JSON) -> [[String]] { shop.ask(.post, "/api/v1/grants", body, as: admin).complaints }
      #expect(places([:]).map { $0[1] } == ["name", "reason", "amount", "to"])
      #expect(
        places(["name": " ", "reason": "", "amount": 0, "to": "some", "when": 1]).map { $0[1] }
          == ["name", "reason", "amount", "to", "when"])
      for amount: JSON in [1_000_000_001, -1, "5", .number("1.5")] {
        #expect(places(Self.may.with(["amount": amount])).map { $0[1] } == ["amount"])
      }
      #expect(places(Self.may.with(["to": []])).map { $0[1] } == ["to"])
      #expect(places(Self.may.with(["to": 5])).map { $0[1] } == ["to"])
      #expect(places(Self.may.with(["to": ["anna", 5]])).map { Array($0.prefix(3)) } == [["body", "to", "1"]])
      for body in ["", "name\nanna\n", "username,username\nanna,anna\n", "username\n", "username\n\"anna\n"] {
        let answer = table(shop, "name=n&reason=r&amount=5", body, as: admin)
        #expect(answer.status == 422, "\(body)")
        #expect(answer.complaint.first == "body")
      }
      #expect(
        table(shop, "name=n&amount=0", "username\n", as: admin).complaints.map { $0.prefix(2).joined(separator: " ") }
          == ["query reason", "query amount", "body value_error"])
    }
  }

  @Test func `an answer names at most a hundred wrong recipients`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let lines = "username\n" + (1...300).map { "u\($0)\n" }.joined()
      #expect(table(shop, "name=n&reason=r&amount=5", lines, as: admin).complaints.count == 100)
      // Without an amount, each line is wrong. Without a name, the users are looked up all the same.
      #expect(table(shop, "name=n&reason=r", lines, as: admin).complaints.count == 100)
      #expect(table(shop, "reason=r&amount=5", lines, as: admin).complaints.count == 100)
    }
  }

  @Test(arguments: [Role.user, .moderator, .service])
  func `only an admin sees grants and makes them`(role: Role) throws {
    try withShop { shop in
      let token = try shop.bearer(role)
      for path in ["/api/v1/grants", "/api/v1/grants/2026-05"] {
        #expect(shop.ask(.get, path, as: token).status == 403)
        #expect(shop.ask(.get, path).status == 401)
      }
      #expect(shop.ask(.post, "/api/v1/grants", Self.may, as: token).status == 403)
      #expect(shop.ask(.post, "/api/v1/grants?dry_run=true", Self.may, as: token).status == 403)
      #expect(try shop.count("grants") == 0)
    }
  }
}
