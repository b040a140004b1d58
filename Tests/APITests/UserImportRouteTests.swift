import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// `POST /api/v1/users/import`.
@Suite(.tiers(.api, .database))
struct UserImportRouteTests {
  private static let path = "/api/v1/users/import"
  private static let two: JSON = [
    "users": [
      ["email": "anna@b.example", "full_name": "Anna A", "role": "moderator", "username": "anna"],
      ["email": "boris@b.example", "full_name": "Boris B"],
    ]
  ]

  private func table(_ shop: Shop, _ text: String, as token: String, query: String = "") -> Answer {
    let headers: Headers = ["Authorization": "Bearer " + token, "Content-Type": "text/csv; charset=utf-8"]
    return shop.worker.ask(Request(.post, Self.path + query, headers: headers, body: Array(text.utf8), id: "r-1"))
  }

  /// Each row as `number status username`, and its detail in brackets.
  private func rows(_ answer: Answer) -> [String] {
    (answer.members["items"]?.elements ?? []).map { item in
      let words = ["status", "username"].compactMap { item.members[$0]?.text }
      let detail = item.members["detail"]?.text.map { " [\($0)]" } ?? ""
      return "\(item.members["row"]?.whole ?? -1) " + words.joined(separator: " ") + detail
    }
  }

  private func counts(_ answer: Answer) -> [Int?] {
    ["created", "known", "wrong"].map { answer.members[$0]?.whole }
  }

  @Test func `a name that comes from an address gives way to the same name in another row`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let people = "email,full_name,username\na@b.example,Anna A,\nb@b.example,Boris B,a@b.example\n"
      for query in ["?dry_run=true", ""] {
        let answer = table(shop, people, as: admin, query: query)
        #expect(counts(answer) == [2, 0, 0])
        #expect(rows(answer) == ["2 created a@b.example-2", "3 created a@b.example"])
      }
    }
  }

  @Test func `people are created with welcome coins and audited, and the same list again is known`() throws {
    try withShop { shop in
      try shop.owner.run("UPDATE settings SET welcome_coins = 7")
      let admin = try shop.bearer(.admin)
      let first = shop.ask(.post, Self.path, Self.two, as: admin)
      #expect(first.status == 200, "\(first.text)")
      #expect(first.members["dry_run"] == false)
      #expect(counts(first) == [2, 0, 0])
      #expect(rows(first) == ["1 created anna", "2 created boris@b.example"])
      let ids = first.members["items"]?.elements.compactMap { $0.members["id"]?.text } ?? []
      #expect(ids.count == 2)
      let anna = shop.ask(.get, "/api/v1/users/\(ids.first ?? "")", as: admin)
      #expect([anna["username"], anna["email"], anna["full_name"]] == ["anna", "anna@b.example", "Anna A"])
      #expect(anna["role"] == "moderator" && anna.members["is_active"] == true)
      #expect(try shop.count("users", "password_hash IS NOT NULL") == 0)
      #expect(try shop.count("purses", "balance = 7 AND owner IN (SELECT id FROM users WHERE email IS NOT NULL)") == 2)
      #expect(
        try shop.count("audit", "action = 'user.create' AND actor = 'the admin' AND request_id = 'r-1'") == 2)

      let again = shop.ask(.post, Self.path, Self.two.with(["users": Self.two.members["users"]]), as: admin)
      #expect(counts(again) == [0, 2, 0])
      #expect(rows(again) == ["1 known anna", "2 known boris@b.example"])
      #expect(again.members["items"]?.elements.compactMap { $0.members["id"]?.text } == ids)
      #expect(try shop.count("users", "email IS NOT NULL") == 2)
      #expect(try shop.count("audit") == 2)
    }
  }

  @Test func `the books of imported people are those of a user whom an admin made alone`() throws {
    try withShop { shop in
      try shop.owner.run("UPDATE settings SET welcome_coins = 7")
      let admin = try shop.bearer(.admin)
      #expect(shop.ask(.post, "/api/v1/users", ["email": "clara@b.example"], as: admin).status == 201)
      #expect(counts(shop.ask(.post, Self.path, Self.two, as: admin)) == [2, 0, 0])
      let kinds: Int = try shop.owner.value(
        """
        SELECT count(DISTINCT (o.kind, o.key, o.content, o.outcome, o.actor, o.amount, o.note, p.ordinal, p.asset, p.debit,
          p.amount, p.credit_balance, p.credit_version, a.balance, a.version, o.at = p.at, a.moved_at = p.at))
        FROM users u JOIN operations o ON o.owner = u.id JOIN postings p ON p.operation = o.id
        JOIN accounts a ON a.id = p.credit AND a.owner = u.id WHERE u.email IS NOT NULL HAVING count(*) = 3
        """)
      #expect(kinds == 1)
      #expect(try shop.count("operations", "right(id::text, 4) <> '0000'") == 0)
      #expect(try shop.imbalances() == 0)
    }
  }

  @Test func `an account that is known stays as it is`() throws {
    try withShop { shop in
      let anna = try shop.person("a1", email: "ANNA@b.example", fullName: "Old")
      let answer = shop.ask(.post, Self.path, Self.two, as: try shop.bearer(.admin))
      #expect(rows(answer) == ["1 known a1", "2 created boris@b.example"])
      #expect(try User.find(anna.id, on: shop.owner) == anna)
    }
  }

  @Test func `a dry run has the same verdicts and changes nothing`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      for query in ["?dry_run=true", "?dry_run=true", "?dry_run=false"] {
        let answer = shop.ask(.post, Self.path + query, Self.two, as: admin)
        #expect(counts(answer) == [2, 0, 0])
        #expect(rows(answer) == ["1 created anna", "2 created boris@b.example"])
        let isRehearsal = query.hasSuffix("true")
        #expect(answer.members["dry_run"] == .bool(isRehearsal))
        #expect(answer.text.contains("\"id\"") == !isRehearsal)
        #expect(try shop.count("users", "email IS NOT NULL") == (isRehearsal ? 0 : 2))
        #expect(try shop.count("audit") == (isRehearsal ? 0 : 2))
      }
    }
  }

  @Test func `every mistake of a row is in its detail, and then nobody is created`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let long = String(repeating: "x", count: 300)
      let body: JSON = [
        "users": [
          ["email": "anna@b.example", "full_name": "Anna"], ["email": "x", "full_name": " ", "role": "king"],
          [:], ["email": "ANNA@b.example", "full_name": "Anna"],
          ["email": "c@b.example", "full_name": "C", "username": "the admin"],
          ["email": "d@b.example", "full_name": "D", "username": "d\u{7}"],
          ["email": .string(long), "full_name": "E"],
        ]
      ]
      let answer = shop.ask(.post, Self.path, body, as: admin)
      #expect(answer.status == 200)
      #expect(counts(answer) == [0, 0, 6])
      #expect(
        rows(answer) == [
          "1 created anna@b.example",
          "2 wrong [‘x’ is no e-mail address. ‘ ’ is no full name: it should not be blank. "
            + "‘king’ is no role: use user, moderator, service or admin.]",
          "3 wrong [The e-mail address is missing. The full name is missing.]",
          "4 wrong [‘anna@b.example’ is on row 1 already.]",
          "5 wrong [‘the admin’ is taken: choose another username.]",
          "6 wrong [‘d\u{7}’ is no username: it should have no control characters.]",
          "7 wrong [‘\(long.prefix(100))…’ is no e-mail address: it should have at most 254 bytes.]",
        ])
      #expect(answer.text.contains("\"email\":\"\(long.prefix(254))\""))
      #expect(!answer.text.contains("\"id\""))
      #expect(try shop.count("users") == 1)
      #expect(try shop.count("audit") == 0)
    }
  }

  @Test func `a table has its columns in any order, and counts rows as a spreadsheet does`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let text = "\u{FEFF}Full_Name,EMAIL\r\n\"Anna\r\nA\",a@b.example\r\n\r\nBoris,b@b.example\r\nClara,c\r\nD\r\n"
      let wrong = table(shop, text, as: admin)
      #expect(
        rows(wrong) == [
          "2 wrong [‘Anna\r\nA’ is no full name: it should have no control characters.]",
          "4 created b@b.example", "5 wrong [‘c’ is no e-mail address.]", "6 wrong [The row has 1 cell, not 2.]",
        ])
      let good = "role,email,username,full_name\nadmin,a@b.example,anna,Anna\n,b@b.example,,\"Boris, B\"\n"
      #expect(
        rows(table(shop, good, as: admin, query: "?dry_run=true")) == ["2 created anna", "3 created b@b.example"])
      #expect(counts(table(shop, good, as: admin)) == [2, 0, 0])
      #expect(counts(table(shop, good, as: admin)) == [0, 2, 0])
      #expect(try shop.count("users", "role = 'admin' AND username = 'anna'") == 1)
      #expect(try shop.count("users", "full_name = 'Boris, B'") == 1)
    }
  }

  @Test func `a name that comes from the address gets a number if it is taken, also by another row`() throws {
    try withShop { shop in
      try shop.person("a@b.example")
      let body: JSON = [
        "users": [
          ["email": "a@b.example", "full_name": "A"],
          ["email": "c@b.example", "full_name": "C", "username": "a@b.example-2"],
        ]
      ]
      let answer = shop.ask(.post, Self.path, body, as: try shop.bearer(.admin))
      #expect(rows(answer) == ["1 created a@b.example-3", "2 created a@b.example-2"])
      #expect(counts(answer) == [2, 0, 0])
    }
  }

  private static let shapes: [(JSON, [String])] = [
    ([:], ["body", "users", "missing"]), (["users": []], ["body", "users", "value_error"]),
    (["users": [1]], ["body", "users", "0", "type_error"]),
    (["users": [["email": 1]]], ["body", "users", "0", "email", "type_error"]),
    (["users": [["password": "x"]]], ["body", "users", "0", "password", "extra_forbidden"]),
    (["users": [["email": "a@b.example", "full_name": "A"]], "more": 1], ["body", "more", "extra_forbidden"]),
  ]

  @Test func `a request of the wrong shape is 422, and an unknown column is named`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      for (body, due) in Self.shapes {
        let answer = shop.ask(.post, Self.path, body, as: admin)
        #expect(answer.status == 422)
        #expect(answer.complaint == due)
      }
      #expect(
        shop.ask(.post, Self.path + "?dry_run=1", [:], as: admin).complaints.map { $0[1] } == ["dry_run", "users"])
      let many = JSON.array(Array(repeating: ["email": "a"], count: 5001))
      #expect(shop.ask(.post, Self.path, ["users": many], as: admin).complaint == ["body", "users", "value_error"])
      for (text, words) in [
        ("email,full_name,password_hash\na,b,c\n", "password_hash"), ("email,full_name,Team\na,b,c\n", "Team"),
        ("email\na\n", "full_name"), ("email,full_name,email\na,b,c\n", "once"), ("", "empty"),
        ("email,full_name\n", "1 to 5000 lines"),
        ("email,full_name\n" + String(repeating: "a,b\n", count: 5001), "1 to 5000 lines"),
        ("email,full_name\n\"a", "a quote is not closed"),
      ] {
        let answer = table(shop, text, as: admin)
        #expect(answer.status == 422 && answer.complaint.first == "body", "\(text.prefix(40))")
        #expect(answer.text.contains(words), "\(answer.text)")
      }
      #expect(try shop.count("users") == 1)
    }
  }

  @Test func `many people come in with one request`() throws {
    try withShop { shop in
      try shop.owner.run("UPDATE settings SET welcome_coins = 7")
      let lines = (1...1500).map { "p\($0)@people.example,Person Number \($0)\n" }.joined()
      let answer = table(shop, "email,full_name\n" + lines, as: try shop.bearer(.admin))
      #expect(counts(answer) == [1500, 0, 0], "\(answer.text.prefix(300))")
      #expect(
        try shop.count("purses p JOIN users u ON u.id = p.owner", "balance = 7 AND email IS NOT NULL") == 1500)
      #expect(try shop.count("name_turns", "turn LIKE 'person number%'") == 1500)
    }
  }

  @Test(.tiers(.concurrency)) func `of two imports of the same people at once, each ends, and everybody comes once`()
    throws
  {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let answers = try shop.place.atOnce(2) { index, worker in
        let people = (0..<300).map { place -> JSON in
          let number = index == 0 ? place : 299 - place
          return ["email": .string("p\(number)@b.example"), "full_name": "P"]
        }
        return worker.ask(.post, Self.path, ["users": .array(people)], as: admin)
      }
      for answer in answers {
        #expect(answer.status == 200, "\(answer.text.prefix(300))")
        #expect([[300, 0, 0], [0, 300, 0], [0, 0, 300]].contains(counts(answer)))
      }
      #expect(try shop.count("users", "email IS NOT NULL") == 300)
    }
  }

  @Test(.tiers(.security), arguments: [Role.user, .moderator, .service])
  func `only an admin imports people`(role: Role) throws {
    try withShop { shop in
      #expect(shop.ask(.post, Self.path, Self.two, as: try shop.bearer(role)).status == 403)
      #expect(shop.ask(.post, Self.path + "?dry_run=true", Self.two).status == 401)
      // A token that still names the role of an admin does not help.
      let former = try shop.person("former", .admin)
      let token = shop.token(former)
      try shop.owner.run("UPDATE users SET role = 'user' WHERE id = \(former.id)")
      #expect(shop.ask(.post, Self.path, Self.two, as: token).status == 403)
      #expect(try shop.count("users", "email IS NOT NULL") == 0)
    }
  }
}
