import API
import FoundationEssentials
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing
import Tokens

/// Passwords, hashes, tokens and keys never leave the places meant for them.
@Suite(.tiers(.api, .database, .security))
struct SecretTests {
  /// Makes valid and invalid requests to every route. Returns the answers that must contain no secret, and all secrets.
  private func askEverything(_ shop: Shop) throws -> (answers: [Answer], secrets: [String]) {
    let admin = try shop.bearer(.admin)
    let passwords = (0..<4).map { "Sesame-\($0)-\(UUID().uuidString)" }
    let anna = try shop.person("anna", password: passwords[0])
    let pair = shop.worker.login("anna", passwords[0]).pair
    let next = shop.worker.refresh(pair.refresh).pair
    let merch = shop.worker.merchLogin("boris", passwords[1])["token"] ?? ""
    func body(_ password: String, _ extra: KeyValuePairs<String, JSON> = [:]) -> JSON {
      .members(["email": "c@b.example", "full_name": "C", "password": .string(password)]).adding(extra)
    }
    let answers = [
      shop.worker.login("anna", passwords[2]), shop.worker.merchLogin("boris", passwords[2]),
      shop.ask(.post, "/api/v1/auth/register", body(passwords[3])),
      shop.ask(.post, "/api/v1/auth/register", body(passwords[3])),
      shop.ask(.post, "/api/v1/auth/register", body(passwords[3], ["role": "admin"])),
      shop.ask(.post, "/api/v1/auth/register", body(String(repeating: passwords[3], count: 9))),
      shop.ask(.post, "/api/auth", ["username": .string("a\u{1}"), "password": .string(passwords[3])]),
      shop.ask(.post, "/api/v1/auth/login", ["username": .string(passwords[0]), "password": "x"]),
      shop.worker.ask(.post, "/api/v1/auth/login", body: "{\"password\":\"\(passwords[0])\""),
      shop.worker.refresh(merch), shop.worker.refresh(pair.refresh + "x"),
      shop.ask(.patch, "/api/v1/users/\(anna.id.text)", ["password": .string(passwords[3])], as: admin),
      shop.worker.me(next.access), shop.worker.me(merch), shop.worker.me(next.access + "x"),
      shop.ask(.get, "/api/v1/users", as: admin), shop.ask(.get, "/api/v1/audit", as: admin),
      shop.ask(.get, "/metrics"), shop.ask(.get, "/health/ready"),
    ]
    let key = try read(shop.place.keyFile).matches(of: /"secret" : "([^"]+)"/).map { String($0.1) }
    let hashes = try shop.owner.rows("SELECT password_hash FROM users WHERE password_hash IS NOT NULL") {
      try $0.value(0, as: String.self)
    }
    let tokens = [pair.access, pair.refresh, next.access, next.refresh, merch, admin]
    #expect(key.count == 1 && hashes.count >= 3 && !tokens.contains(""))
    return (answers, passwords + tokens + hashes + key)
  }

  @Test func `no answer and no log line contains a secret`() throws {
    try withShop { shop in
      let (answers, secrets) = try askEverything(shop)
      // Internal failures are logged.
      try shop.owner.perform("ALTER TABLE users RENAME TO gone")
      let failed = [
        shop.worker.login("anna", secrets[0]), shop.worker.merchLogin("boris", secrets[1]),
        shop.worker.me(secrets[8]),
      ]
      #expect(failed.map(\.status) == [500, 500, 500])
      try shop.owner.perform("ALTER TABLE gone RENAME TO users")
      let log = try shop.worker.logText()
      #expect(log.split(separator: "\n").count >= 3)
      for secret in secrets {
        #expect(!log.contains(secret))
        for answer in answers + failed {
          #expect(!answer.text.contains(secret), "\(answer.text)")
          #expect(!answer.response.headers.contains { $0.value.contains(secret) })
        }
      }
      #expect(!answers.contains { $0.text.contains("argon2") })
    }
  }

  @Test func `the database has no password, token or key, and hashes in one column only`() throws {
    try withShop { shop in
      let (_, secrets) = try askEverything(shop)
      let tables = try shop.owner.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") {
        try $0.value(0, as: String.self)
      }
      #expect(tables.count >= 7)
      for table in tables {
        let rows = try shop.owner.rows("SELECT t::text FROM \(raw: table) t") { try $0.value(0, as: String.self) }
        for row in rows {
          for secret in secrets where table != "users" || !secret.hasPrefix("$argon2id$") {
            #expect(!row.contains(secret), "\(table)")
          }
        }
      }
    }
  }

  /// Every account of the database may read the statements of others.
  @Test(.tiers(.concurrency), arguments: ["/api/auth", "/api/v1/auth/login"])
  func `no visible statement contains a secret`(path: String) throws {
    try withShop { shop in
      let superuser = try TestCluster.connection(user: TestCluster.superuser, database: shop.place.database)
      try shop.owner.perform("BEGIN; LOCK TABLE users")
      let job = Job { [place = shop.place] in
        try place.worker().ask(.post, path, ["username": "anna the great", "password": "Sesame Sesame"]).status
      }
      var seen: [String] = []
      try eventually("the login waits for the table") {
        seen = try superuser.rows(
          """
          SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
          """
        ) { try $0.value(0) }
        return !seen.isEmpty
      }
      try shop.owner.perform("ROLLBACK")
      _ = try job.value()
      #expect(seen.allSatisfy { $0.contains("FROM users") && !$0.contains("Sesame") && !$0.contains("anna") })
    }
  }

  @Test func `no printed value shows a secret`() throws {
    try withShop(.edDSA) { shop in
      let keys = shop.worker.desk.authenticator.tokens.keys
      let secret = try read(shop.place.keyFile).firstMatch(of: /"secret" : "([^"]+)"/)?.1
      let text = "\(keys.signing)" + keys.summary.joined()
      #expect(!text.contains(try #require(secret)))
      var dumped = ""
      dump(keys.signing, to: &dumped)
      #expect(!dumped.contains("secret"))
    }
  }
}

extension JSON {
  fileprivate func adding(_ extra: KeyValuePairs<String, JSON>) -> JSON {
    guard case .object(let members) = self else { return self }
    return .object(members + extra.map { JSON.Member(name: $0.key, value: $0.value) })
  }
}
