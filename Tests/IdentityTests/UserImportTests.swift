import Audit
import Identity
import Notation
import Postgres
import Support
import Testing
import Tokens

@Suite(.tiers(.database))
struct UserImportTests {
  private func table(_ text: String) throws -> UserImport {
    try UserImport(CSV(parsing: Array(text.utf8)), for: .command)
  }

  @Test(arguments: [
    "", "\n\n", "email\na@b.c", "username,username\na,b", "username,nickname\na,b", "username,\na,b",
    "Username;email\n",
    "user name\na",
  ])
  func `a table without a line of column names is refused`(text: String) {
    #expect(throws: ImportError.self) { try table(text) }
  }

  private static let rows: [(String, String?)] = [
    ("anna,a@b.c,Anna,admin,", nil), ("anna,,,,", nil), ("\"an,na\",,\"A \"\"B\"\"\",,", nil),
    ("Аня,,Аня К.,service,", nil),
    (",a@b.c,,,", "The username is missing."), ("anna,,,", "The row has 4 cells, not 5."),
    ("anna,,,,,", "The row has 6 cells, not 5."),
    ("anna,nomail,,,", "‘nomail’ is no e-mail address."),
    ("anna,,\" \",,", "‘ ’ is no full name: it should not be blank."),
    ("anna,,,root,", "‘root’ is no role: use user, moderator, service or admin."),
    ("anna,,,Admin,", "‘Admin’ is no role: use user, moderator, service or admin."),
    ("anna,,,,secret", "The password hash is no Argon2id hash."),
    ("anna,,,,$2b$12$abcdefghijklmnopqrstuv", "The password hash is no Argon2id hash."),
    (
      #"anna,,,,"$argon2id$v=19$m=9999999,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4""#,
      "The password hash is no Argon2id hash."
    ),
    ("an\u{1}na,,,,", "‘an\u{1}na’ is no username: it should have no control characters."),
    (
      String(repeating: "a", count: 256) + ",,,,",
      "‘" + String(repeating: "a", count: 100) + "…’ is no username: it is too long."
    ),
    (
      "an\u{1}na,x,,king,",
      "‘x’ is no e-mail address. ‘an\u{1}na’ is no username: it should have no control characters. "
        + "‘king’ is no role: use user, moderator, service or admin."
    ),
  ]

  @Test(arguments: rows) func `each row is read, or refused with its mistake`(row: String, problem: String?) throws {
    let people = try table("username,email,full_name,role,password_hash\n\n" + row)
    #expect(people.problems.map(\.message) == [problem].compactMap { $0 })
    #expect(people.problems.map(\.line) == (problem == nil ? [] : [3]))
    #expect(people.count == (problem == nil ? 1 : 0))
    #expect(people.total == 1)
  }

  @Test func `columns come in any order and case, and a name or an email occurs once`() throws {
    let people = try table(
      "Email,USERNAME\na@b.c,anna\n,boris\nA@B.C,clara\nd@b.c,anna\n,Anna\n,\u{E9}ve\n,e\u{301}ve\n")
    #expect(
      people.problems.map { "\($0.line): \($0.message)" } == [
        "4: ‘a@b.c’ is on line 2 already.", "5: ‘anna’ is on line 2 already.", "8: ‘\u{E9}ve’ is on line 7 already.",
      ])
    #expect(people.count == 4)
  }

  @Test func `all users are created, welcomed and recorded, and sign in with their imported hash`() throws {
    try withFreshDatabase { database in
      let connection = try TestCluster.connection(database: database)
      let passwords = Passwords(parameters: .init(memoryKiB: 8, passes: 1, lanes: 1))
      #expect(try HouseRules(welcomeCoins: 7, believesTelegramIDs: false).settle(on: connection))
      let head = "username,email,full_name,role,password_hash\n"
      let row = "anna,a@b.c,Anna,moderator,\"\(passwords.hash("correct horse"))\"\n"
      var people = try table(head + row + (0..<1100).map { "user \($0),,,,\n" }.joined())
      var steps: [Int] = []
      try people.run(by: .commandLine, on: connection) { steps.append($0) }
      #expect(people.problems.isEmpty)
      #expect(steps == [500, 1000, 1101])
      func count(_ from: SQL) throws -> Int { try connection.value("SELECT count(*) FROM \(from)") }
      #expect(try count("accounts WHERE balance = 7 AND owner IN (SELECT id FROM users)") == 1101)
      #expect(try count("audit JOIN users u ON subject_id = u.id::text AND after->>'username' = u.username") == 1101)
      #expect(try count("audit WHERE actor = 'command line' AND action = 'user.create'") == 1101)
      let signIn = SignIn(.username("anna"), password: "correct horse", address: "192.0.2.1")
      let anna = try signIn.finish(signIn.begin(on: connection), passwords, on: connection).user
      #expect(anna.role == .moderator && anna.email == "a@b.c")
    }
  }

  @Test func `an existing user is a mistake of that line, and the other lines are imported`() throws {
    try withFreshDatabase { database in
      let connection = try TestCluster.connection(database: database)
      for (name, email) in [("anna", "a@b.c"), ("boris", nil)] {
        _ = try Door.registrar.register(
          .init(username: try Username(name), email: try email.map { try EmailAddress($0) }), on: connection)
      }
      var people = try table("username,email,role\nboris,,\nclara,A@B.C,\ndaria,,\nelena,,king\nBoris,,\n")
      try people.run(by: .commandLine, on: connection) { _ in }
      #expect(
        people.problems.map { "\($0.line): \($0.message)" } == [
          "2: The username or the e-mail address is taken.", "3: The username or the e-mail address is taken.",
          "5: ‘king’ is no role: use user, moderator, service or admin.",
        ])
      let names = try connection.rows("SELECT username FROM users ORDER BY 1") { try $0.value(0, as: String.self) }
      #expect(names == ["Boris", "anna", "boris", "daria"])
    }
  }
}
