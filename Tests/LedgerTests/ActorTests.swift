import FoundationEssentials
import Ledger
import Postgres
import Support
import Testing

/// The database allows an operation only if its actor may perform it.
@Suite(.tiers(.database, .security))
struct ActorTests {
  /// A database with users of every role, and with sessions of every pool.
  private final class Stage {
    let owner, app, auth: Connection
    let anna: UUID

    init(_ database: String) throws {
      owner = try TestCluster.connection(database: database)
      app = try TestCluster.connection(user: TestCluster.app, database: database)
      auth = try TestCluster.connection(user: TestCluster.auth, database: database)
      try owner.item("cap", price: 3, stock: 5)
      anna = try owner.person("anna", coins: 10)
      for (name, change) in [
        ("user", "role = 'user'"), ("moderator", "role = 'moderator'"), ("service", "role = 'service'"),
        ("admin", "role = 'admin'"), ("inactive", "role = 'admin', is_active = false"),
        ("deleted", "role = 'admin', deleted_at = now()"), ("telegram", "role = 'user'"),
      ] {
        let id = try owner.person(name)
        try owner.run("UPDATE users SET \(raw: change) WHERE id = \(id)")
      }
      try owner.run(
        """
        INSERT INTO identities (issuer, subject, user_id, number)
        SELECT 'telegram', '7', id, 1 FROM users WHERE username = 'telegram'
        """)
    }

    func id(_ name: String) throws -> UUID? {
      switch name {
      case "nobody": nil
      case "a stranger": UUID()
      default: try owner.value("SELECT id FROM users WHERE username = \(name)")
      }
    }

    /// "done", or the SQLSTATE of the refusal.
    func attempt(_ body: () throws -> Void) throws -> String {
      do {
        try body()
        return "done"
      } catch let error as PostgresError {
        return error.sqlstate
      }
    }
  }

  static let all = [
    "user", "moderator", "service", "admin", "inactive", "deleted", "telegram", "nobody", "a stranger",
  ]

  private func expectOnly(_ allowed: Set<String>, _ body: (Stage, UUID?) throws -> Void) throws {
    try withFreshDatabase { database in
      let stage = try Stage(database)
      for name in Self.all {
        let actor = try stage.id(name)
        let before: Int = try stage.owner.value("SELECT count(*) FROM operations")
        let came = try stage.attempt { try body(stage, actor) }
        let after: Int = try stage.owner.value("SELECT count(*) FROM operations")
        #expect(came == (allowed.contains(name) ? "done" : "TS403"), "\(name)")
        if came != "done" { #expect(after == before, "\(name)") }
      }
    }
  }

  @Test func `services and admins add goods`() throws {
    try expectOnly(["service", "admin"]) { stage, actor in
      try stage.app.run(
        """
        SELECT FROM add_items_by_service(gen_random_uuid(), \(stage.anna), gen_random_uuid(), \(actor), NULL,
          'system_reward', 'main', \(try stage.owner.line("cap", 1).text)::jsonb, NULL)
        """)
    }
  }

  @Test func `admins adjust an inventory`() throws {
    try expectOnly(["admin"]) { stage, actor in
      try stage.app.run(
        """
        SELECT FROM adjust_by_admin(gen_random_uuid(), \(stage.anna), gen_random_uuid(), \(actor), NULL, 'main',
          \(try stage.owner.line("cap", 1).text)::jsonb, 'counted again')
        """)
    }
  }

  @Test func `admins set the stock`() throws {
    try expectOnly(["admin"]) { stage, actor in
      let now = try stage.owner.quantity("cap", of: nil)
      try stage.app.run(
        "SELECT FROM set_stock_by_admin(gen_random_uuid(), \(actor), NULL, \(try stage.owner.id("cap")), NULL, NULL, \(now + 1), NULL)"
      )
    }
  }

  @Test func `admins change users, delete them and give them roles`() throws {
    try expectOnly(["admin"]) { stage, actor in
      try stage.auth.run(
        "SELECT FROM change_person(\(actor), \(stage.anna), NULL, NULL, 'Anna', 'moderator', NULL, NULL)")
    }
    try expectOnly(["admin"]) { stage, actor in
      try stage.auth.run("SELECT FROM remove_person(\(actor), \(UUID()))")
    }
    try expectOnly(["admin"]) { stage, actor in
      try stage.auth.run(
        """
        SELECT FROM register_person(\(actor), \(UUID()), 'boss', NULL, NULL, NULL, 'admin', true, gen_random_uuid())
        """)
    }
  }

  @Test func `admins invite, make links to a new password, and link identities`() throws {
    try expectOnly(["admin"]) { stage, actor in
      try stage.auth.run("SELECT FROM invite(\(actor), \(UUID()), \(UUID().text)::bytea, NULL, 'admin', 60)")
    }
    try expectOnly(["admin"]) { stage, actor in
      try stage.auth.run("SELECT FROM end_invitation(\(actor), \(UUID()))")
    }
    try expectOnly(["admin"]) { stage, actor in
      try stage.auth.run("SELECT FROM offer_reset(\(actor), \(stage.anna), \(UUID().text)::bytea, 60)")
    }
    try expectOnly(["admin"]) { stage, actor in
      try stage.auth.run("SELECT FROM link_identity(\(actor), \(stage.anna), 'elsewhere', \(UUID().text))")
    }
    try expectOnly(["admin"]) { stage, actor in
      try stage.auth.run("SELECT FROM unlink_identity(\(actor), \(stage.anna), 1)")
    }
  }

  @Test func `users link identities to themselves, and to nobody else`() throws {
    try withFreshDatabase { database in
      let stage = try Stage(database)
      try stage.auth.run("SELECT FROM link_identity(\(stage.anna), \(stage.anna), 'elsewhere', '1')")
      let other = try stage.id("user")
      let refused = #expect(throws: PostgresError.self) {
        try stage.auth.run("SELECT FROM link_identity(\(stage.anna), \(other), 'elsewhere', '2')")
      }
      #expect(refused?.refusesActor == true)
    }
  }

  /// The first admin must come from somewhere; after that, admins appoint admins.
  @Test func `without an admin the pool that signs users in appoints one`() throws {
    try withFreshDatabase { database in
      let auth = try TestCluster.connection(user: TestCluster.auth, database: database)
      func appoint(_ name: String) throws {
        try auth.run(
          "SELECT FROM register_person(NULL, \(UUID()), \(name), NULL, NULL, NULL, 'admin', true, gen_random_uuid())")
      }
      try appoint("first")
      let error = #expect(throws: PostgresError.self) { try appoint("second") }
      #expect(error?.refusesActor == true)
    }
  }

  @Test func `a Telegram id counts as a service only if the owner has allowed it`() throws {
    try withFreshDatabase { database in
      let stage = try Stage(database)
      func add(_ name: String) throws -> String {
        try stage.attempt {
          let lines = [try stage.owner.line("cap", 1)]
          let intent = Intent(of: stage.anna, key: 7)
          _ = try Inventory.add(
            lines, to: .main, type: "system_reward", comment: nil, intent, by: stage.id(name)!, on: stage.app)
        }
      }
      #expect(try add("telegram") == "TS403")
      try stage.owner.run("UPDATE settings SET believes_telegram_ids = true")
      #expect(try add("telegram") == "done")
      #expect(try add("user") == "TS403")
      #expect(try stage.app.sqlstate(of: "UPDATE settings SET believes_telegram_ids = true") == "42501")
    }
  }

  /// By creating users a pool mints only the welcome coins that the owner has set, and only once for each new user.
  @Test(arguments: [0, 40])
  func `a new user is welcomed once, with the configured coins`(coins: Int) throws {
    try withFreshDatabase { database in
      let stage = try Stage(database)
      try stage.owner.run("UPDATE settings SET welcome_coins = \(coins)")
      let id = UUID()
      func provision(_ connection: borrowing Connection, _ id: UUID, _ name: String) throws {
        try connection.run(
          "SELECT FROM provision_person('elsewhere', \(name), \(id), \(name), NULL, NULL, gen_random_uuid())")
      }
      try provision(stage.app, id, "boris")
      #expect(try stage.owner.coins(id) == coins)
      // The same user again, the same name again, and an existing user.
      for (again, name) in [(id, "boris"), (id, "clara"), (UUID(), "boris"), (stage.anna, "anna")] {
        #expect(try stage.attempt { try provision(stage.app, again, name) } == "23505")
      }
      try provision(stage.auth, UUID(), "daria")
      let granted: Int = try stage.owner.value(
        "SELECT coalesce(sum(amount), 0)::bigint FROM operations WHERE kind = 'grant' AND note = 'welcome'")
      #expect(granted == 2 * coins)
      #expect(try stage.owner.coins(stage.anna) == 10)
      let made = try stage.owner.row("SELECT role, is_active, password_hash FROM users WHERE id = \(id)") { row in
        [try row.value(0, as: String?.self), try row.value(1, as: String?.self), try row.value(2, as: String?.self)]
      }
      #expect(made == ["user", "t", nil])
      try expectBalance(stage.owner)
    }
  }

  @Test func `the audit trail names the actor as the database knows them, and uses the database's clock`() throws {
    try withFreshDatabase { database in
      let stage = try Stage(database)
      func note(_ connection: borrowing Connection, _ actor: UUID?, _ action: String) throws {
        try connection.run("SELECT FROM note_change(\(actor), \(action), 's', NULL, '{}', 'because', 'r-1')")
      }
      try note(stage.app, stage.id("admin"), "a")
      try note(stage.auth, stage.id("deleted"), "b")
      try note(stage.app, nil, "c")
      try note(stage.owner, nil, "d")
      // No user has ever had this id.
      #expect(try stage.attempt { try note(stage.app, UUID(), "e") } == "23502")
      let noted = try stage.owner.rows(
        "SELECT actor, action, at BETWEEN now() - interval '1 minute' AND clock_timestamp() FROM audit ORDER BY id"
      ) { "\(try $0.value(0, as: String.self)) \(try $0.value(1, as: String.self)) \(try $0.value(2, as: Bool.self))" }
      #expect(noted == ["admin a true", "deleted b true", "tuckshop_app c true", "command line d true"])
    }
  }
}

extension Line {
  /// The text format that the ledger's functions read.
  fileprivate var text: String { #"[{"item":"\#(item.uuidString)","quantity":\#(quantity)}]"# }
}
