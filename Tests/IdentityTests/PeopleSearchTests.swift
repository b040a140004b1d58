import FoundationEssentials
import Identity
import Postgres
import Support
import Testing

@Suite(.tiers(.database))
struct PeopleSearchTests {
  private static let people: [(username: String, fullName: String?)] = [
    ("anna", "Zoë Quirk"), ("ANNA", nil), ("anna-maria", nil), ("boris", "Anna Smith"),
    ("clara.smith@example.org", "Clara van der Berg"), ("o'brien", "Shaun O'Brien"), ("ёлка", "Ёлка Новая-Петрова"),
    ("шура", nil), ("%", nil), ("50% off", "A_B"), ("💰", nil), ("x2y", "Number 42"), ("日本太郎", nil),
    ("long", String(repeating: "абвгдеёжзи", count: 10)),
  ]

  private func withPeople(_ body: (borrowing Connection) throws -> Void) throws {
    try withDatabase { connection in
      for (username, fullName) in Self.people {
        try connection.run(
          "INSERT INTO users (id, username, full_name) VALUES (gen_random_uuid(), \(username), \(fullName))")
      }
      try body(connection)
    }
  }

  private func names(_ text: String, _ connection: borrowing Connection) throws -> [String] {
    try PeopleSearch.find(text, on: connection).map(\.username)
  }

  @Test func `every word of the text begins a word of the name`() throws {
    try withPeople { connection in
      for (text, due) in [
        ("smi", ["boris", "clara.smith@example.org"]), ("SMITH", ["boris", "clara.smith@example.org"]),
        ("smith anna", ["boris"]), ("anna smith", ["boris"]), ("s a", ["boris"]), ("mith", []), ("anna x", []),
        ("clara.smith@exa", ["clara.smith@example.org"]), ("org", ["clara.smith@example.org"]),
        ("berg der clara", ["clara.smith@example.org"]), ("b smith v", ["clara.smith@example.org"]),
        ("o'br", ["o'brien"]), ("brien", ["o'brien"]), ("ZOE\u{308}", ["anna"]), ("zo\u{EB}", ["anna"]),
        ("ЁЛ", ["ёлка"]), ("петр нов", ["ёлка"]), ("нов ё", ["ёлка"]), ("шУр", ["шура"]), ("елка", []),
        ("日本", ["日本太郎"]), ("42", ["x2y"]), ("2", []), ("off 50", ["50% off"]),
        ("b", ["50% off", "boris", "clara.smith@example.org", "o'brien"]),
        ("a_b", ["50% off", "boris"]), ("  smith,, anna! ", ["boris"]), ("anna anna smith", ["boris"]),
        // Texts are kept to 40 characters; what is longer is compared with the name itself.
        (String(repeating: "АБВГДЕЁЖЗИ", count: 10), ["long"]), (String(repeating: "абвгдеёжзи", count: 5), ["long"]),
        (String(repeating: "абвгдеёжзи", count: 4) + "x", []), (String(repeating: "long ", count: 20), ["long"]),
      ] {
        let found = try names(text, connection).sorted()
        #expect(found == due, "\(text)")
      }
    }
  }

  private func changeBoris(_ assignment: SQL, _ connection: borrowing Connection) throws {
    try connection.run("UPDATE users SET \(assignment) WHERE username IN ('boris', 'bruno')")
  }

  @Test func `a text of signs finds nobody, and no sign is a pattern`() throws {
    try withPeople { connection in
      for text in ["", " ", "%", "%%", "_", "💰", "'", "\\", ".*", "()", "\u{301}", "50%_", "a%", "[a"] {
        let found = try names(text, connection)
        // Signs separate words, so these three are the words 50 and a.
        #expect(found.isEmpty || ["50%_", "a%", "[a"].contains(text), "\(text): \(found)")
      }
      #expect(try names("50%_", connection) == ["50% off"])
      let found = try [names("a", connection), names("a%", connection)]
      #expect(found[0] == found[1] && !found[0].isEmpty)
    }
  }

  @Test func `the exact username comes first, then the others by username, and at most eight`() throws {
    try withPeople { connection in
      #expect(try names("anna", connection) == ["anna", "ANNA", "anna-maria", "boris"])
      #expect(try names("ANNA", connection) == ["ANNA", "anna", "anna-maria", "boris"])
      #expect(try names("boris", connection).first == "boris")
      try connection.run(
        "INSERT INTO users (id, username) SELECT gen_random_uuid(), 'anna ' || n FROM generate_series(10, 99) n")
      let found = try names("anna", connection)
      #expect(found.count == PeopleSearch.most && found.first == "anna")
      // However many others have its words.
      try connection.run(
        """
        INSERT INTO users (id, username, full_name)
        SELECT md5('twin' || n)::uuid, 'twin' || n, 'Boris' FROM generate_series(1, 500) n
        """)
      #expect(try names("boris", connection).first == "boris")
      #expect(try names("boris anna", connection) == ["boris"])
    }
  }

  @Test func `one name is found among many that share either of its words`() throws {
    try withDatabase { connection in
      // The last of all, if only single words were looked up.
      try connection.run(
        """
        INSERT INTO users (id, username, full_name)
        VALUES ('ffffffff-ffff-ffff-ffff-ffffffffffff', 'zz', 'Smith Anna')
        """)
      try connection.run(
        """
        INSERT INTO users (id, username, full_name)
        SELECT md5('one' || n)::uuid, 'one' || n, (ARRAY['Anna', 'Anna Berg', 'Smith', 'Xaver Smith'])[n % 4 + 1]
        FROM generate_series(1, 1000) n
        """)
      for text in ["anna smith", "smith anna", "anna smi", "SMITH, A"] {
        #expect(try names(text, connection) == ["zz"], "\(text)")
      }
    }
  }

  @Test func `only active people who are not services are found, under the names that they have now`() throws {
    try withPeople { connection in
      try changeBoris("username = 'bruno', full_name = 'Bruno Stone'", connection)
      #expect(try names("smith", connection) == ["clara.smith@example.org"])
      #expect(try names("anna smith", connection) == [])
      for text in ["stone", "bru"] { #expect(try names(text, connection) == ["bruno"]) }
      for (away, back) in [
        ("is_active = false", "is_active = true"), ("role = 'service'", "role = 'admin'"),
        ("deleted_at = now()", "deleted_at = NULL"),
      ] as [(SQL, SQL)] {
        try changeBoris(away, connection)
        for text in ["stone", "bruno"] { #expect(try names(text, connection) == [], "\(away.text)") }
        try changeBoris(back, connection)
        #expect(try names("stone", connection) == ["bruno"], "\(back.text)")
      }
      try changeBoris("full_name = NULL", connection)
      #expect(try names("stone", connection) == [])
      #expect(try names("bruno", connection) == ["bruno"])
      // A deleted user's name belongs to the next one alone.
      try changeBoris("deleted_at = now()", connection)
      try connection.run("INSERT INTO users (id, username) VALUES (gen_random_uuid(), 'bruno')")
      #expect(try names("bruno", connection) == ["bruno"])
      try connection.run("DELETE FROM users")
      #expect(try connection.value("SELECT count(*) FROM name_turns", as: Int.self) == 0)
    }
  }

  @Test func `a search reads no more rows among many people than among few`() throws {
    try withFreshDatabase { database in
      let owner = try TestCluster.connection(database: database)
      owner.limit(to: .after(milliseconds: 300_000))
      try owner.perform("SET statement_timeout = 0")
      let connection = try TestCluster.connection(user: TestCluster.app, database: database)
      let texts = [
        "a", "anna", "anna s", "s anna b", "smith", "user", "user1", "user1 smith anna", "x", "a b c d e f g",
      ]
      for people in [100, 20_000] {
        try owner.run(
          """
          INSERT INTO users (id, username, full_name)
          SELECT gen_random_uuid(), 'user' || \(people)::int + n, (ARRAY['Anna Smith', 'Anna Berg', 'Aba Smith'])[n % 3 + 1]
          FROM generate_series(1, \(people)::int) n
          """)
        // Without statistics, and with them.
        for _ in 1...2 {
          for text in texts {
            let rows = try rowsRead(by: text, on: connection)
            #expect(rows <= 1200, "\(text) among \(people)")
          }
          try owner.perform("VACUUM (ANALYZE) users, name_turns")
        }
      }
      #expect(try PeopleSearch.find("user20077", on: connection).map(\.username) == ["user20077"])
      #expect(try PeopleSearch.find("a", on: connection).count == PeopleSearch.most)
    }
  }

  /// The rows and index entries that it read, in both tables.
  private func rowsRead(by text: String, on connection: borrowing Connection) throws -> Int {
    // PostgreSQL adds a session's counts to the shared ones at the end of a transaction, if at all.
    try connection.transaction { connection in
      let before = try rowsRead(on: connection)
      _ = try PeopleSearch.find(text, on: connection)
      return try rowsRead(on: connection) - before
    }
  }

  private func rowsRead(on connection: borrowing Connection) throws -> Int {
    try connection.value(
      """
      SELECT sum(pg_stat_get_xact_tuples_returned(c.oid) + pg_stat_get_xact_tuples_fetched(c.oid))::bigint
      FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
      WHERE coalesce(i.indrelid, c.oid) IN ('users'::regclass, 'name_turns'::regclass)
      """)
  }
}
