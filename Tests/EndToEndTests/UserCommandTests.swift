import Glibc
import Postgres
import Support
import Testing

/// `tuckshop user …` and `tuckshop key …`, each run as a process against a database of its own.
@Suite(.tiers(.e2e, .database))
struct UserCommandTests {
  @Test func `a user is added, given a password and a role, listed and deleted`() throws {
    try withDesk { desk in
      let secret = try desk.file("password", "correct horse\r\n")
      let added = try desk.run(
        "user", "add", "anna", "--email", "a@b.example", "--full-name", "Anna, \"A\"", "--role", "admin",
        "--password-file", secret)
      #expect(added.status == 0)
      #expect(added.log.wholeMatch(of: /[0-9a-f-]{36} anna admin\n/) != nil)
      let hash: String = try TestCluster.connection(database: desk.database).value("SELECT password_hash FROM users")
      #expect(hash.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
      #expect(try desk.run("user", "add", "borís").status == 0)
      #expect(
        try desk.run("user", "passwd", "borís", "--password-file", "-", input: "another horse").log
          == "borís user active\n")
      #expect(try desk.run("user", "role", "borís", "service").log == "borís service active\n")
      #expect(try desk.run("user", "deactivate", "borís").log == "borís service not active\n")
      let all = "anna,a@b.example,\"Anna, \"\"A\"\"\",admin,active\nborís,,,service,not active\n"
      #expect(try desk.run("user", "list").log == all)
      #expect(try desk.run("user", "list", "--search", "ANNA,").log == all.prefix { $0 != "\n" } + "\n")
      #expect(try desk.run("user", "list", "--search", "nobody").log == "")
      #expect(try desk.count("audit WHERE actor = 'command line' AND actor_id IS NULL") == 5)
      #expect(try desk.count("users WHERE generation = 3") == 1)
    }
  }

  @Test func `an impossible change is explained and changes nothing`() throws {
    try withDesk { desk in
      #expect(try desk.run("user", "add", "anna", "--role", "admin", "--email", "a@b.c").status == 0)
      let common = try desk.file("common", "password\n")
      let short = try desk.file("short", "1234567\n")
      let cases: [([String], Int32, String)] = [
        (["add", "anna"], 1, "the name is taken"), (["add", "b", "--email", "A@b.c"], 1, "the email is taken"),
        (["add", "b", "--email", "nomail"], 1, "not a valid email"),
        (["add", "b", "--role", "king"], 64, "king is no role"),
        (["add", "b", "--password-file", common], 1, "commonest"),
        (["add", "b", "--password-file", short], 1, "too short"),
        (["add", "b", "--password-file", "/nowhere"], 1, "/nowhere cannot be read"),
        (["add", "b", "--password", "correct horse"], 64, "--password is not understood"),
        (["add"], 64, "a name is missing"),
        (["add", "b", "c"], 64, "c is not understood"), (["add", ""], 1, "at least 1 character"),
        (["passwd", "anna"], 64, "--password-file is missing"),
        (["passwd", "nobody", "--password-file", common], 1, "commonest"),
        (["role", "anna", "user"], 1, "the shop needs at least one admin"),
        (["deactivate", "anna"], 1, "the shop needs at least one admin"),
        (["role", "nobody", "user"], 1, "no user of that name"), (["role", "anna"], 64, "wants a name and a role"),
        (["totp-reset"], 64, "a name is missing"), (["totp-reset", "nobody"], 1, "no user of that name"),
        (["totp-reset", "anna"], 1, "the user has no second factor"),
        (["dance"], 64, "dance is not understood"), ([], 64, "wants a word"),
      ]
      for (arguments, status, words) in cases {
        let log = desk.directory / "log"
        unlink(log)
        let command = try Program(
          Program.built("tuckshop"), ["user"] + arguments,
          environment: ["PGHOST": TestCluster.host, "PGDATABASE": desk.database, "PGUSER": TestCluster.owner],
          logPath: log)
        #expect(try command.wait() == status, "\(arguments)")
        #expect(command.log.contains(words), "\(arguments): \(command.log)")
        #expect(!command.log.contains("SELECT") && !command.log.contains("INSERT"), "\(arguments)")
      }
      #expect(try desk.count("users") == 1)
      #expect(try desk.count("audit") == 1)
    }
  }

  @Test func `an operator removes the second factor of an admin who has lost the phone`() throws {
    try withDesk { desk in
      #expect(try desk.run("user", "add", "anna", "--role", "admin").status == 0)
      let owner = try TestCluster.connection(database: desk.database)
      try owner.run(
        """
        INSERT INTO second_factors (user_id, secret, confirmed_at)
        SELECT id, decode(repeat('00', 20), 'hex'), clock_timestamp() FROM users
        """)
      try owner.run("INSERT INTO recovery_codes (user_id, digest) SELECT id, 'x' FROM users")
      try owner.run("INSERT INTO sessions (id, user_id, expires_at) SELECT id, id, 'infinity' FROM users")
      let reset = try desk.run("user", "totp-reset", "anna")
      #expect(reset.status == 0)
      #expect(reset.log == "anna has no second factor any more; all sessions ended\n")
      #expect(try desk.count("second_factors") + desk.count("recovery_codes") == 0)
      #expect(try desk.count("sessions WHERE ended_at IS NULL") == 0)
      #expect(try desk.count("users WHERE generation = 1") == 1)
      #expect(try desk.count("audit WHERE action = 'totp.reset' AND actor = 'command line'") == 1)
      #expect(try desk.run("user", "totp-reset", "anna").status == 1)
    }
  }

  private static let table = "username,email,role\nanna,a@b.c,\nboris,,king\nclara,A@B.C,\ndaria,,service\nelena,,\n"

  @Test func `an import is all or nothing, names its lines, and has a dry run`() throws {
    try withDesk { desk in
      let table = try desk.file("staff.csv", Self.table)
      #expect(try desk.run("user", "add", "elena").status == 0)
      let problems = [
        "line 3: ‘king’ is no role: use user, moderator, service or admin.", "line 4: ‘a@b.c’ is on line 2 already.",
        "line 6: The username or the e-mail address is taken.",
      ].map { "tuckshop: \(table), \($0)\n" }.joined()
      for flags in [[], ["--dry-run"], ["--dry-run", "--continue"]] {
        let refused = try importing(table, flags, desk)
        #expect(refused.status == 1)
        #expect(refused.log.contains(problems), "\(refused.log)")
        #expect(refused.log.contains("2 could come in, 3 not; nothing was changed\n"))
        #expect(try desk.count("users") == 1)
        #expect(try desk.count("audit") == 1)
      }
      let admitted = try importing(table, ["--continue"], desk)
      #expect(admitted.status == 1)
      #expect(admitted.log.contains("2 came in, 3 not\n"))
      #expect(try desk.count("users WHERE username IN ('anna', 'daria')") == 2)
    }
  }

  private func importing(_ table: String, _ flags: [String], _ desk: Desk) throws -> (status: Int32, log: String) {
    switch flags.count {
    case 0: try desk.run("user", "import", table)
    case 1: try desk.run("user", "import", table, flags[0])
    default: try desk.run("user", "import", flags[0], table, flags[1])
    }
  }

  @Test func `a valid table is imported, and an invalid one is refused whole`() throws {
    try withDesk { desk in
      let good = try desk.file("good.csv", "\u{FEFF}username\r\nanna\r\nboris\r\n")
      #expect(try desk.run("user", "import", "--dry-run", good).log == "2 could come in, 0 not; nothing was changed\n")
      #expect(try desk.count("users") == 0)
      let done = try desk.run("user", "import", good)
      #expect(done.status == 0)
      #expect(done.log == "2 came in, 0 not\n")
      for (text, words) in [
        ("", "the file is empty"), ("name\na\n", "the first line must name columns"),
        ("email\na\n", "the first line must name the columns username"),
        ("username\na\"b\n", "line 2: a quote"),
        ("username\n\"a\n", "line 2: a quote is not closed"),
      ] {
        let refused = try desk.run("user", "import", try desk.file("bad.csv", text))
        #expect(refused.status == 1)
        #expect(refused.log.contains(words), "\(refused.log)")
      }
      #expect(try desk.run("user", "import", "/nowhere").log == "tuckshop: /nowhere cannot be read\n")
      #expect(try desk.count("users") == 2)
    }
  }

  @Test func `keys are made once, rotated, and shown without their secret`() throws {
    try withDesk { desk in
      let made = try desk.run("key", "create")
      #expect(made.status == 0)
      #expect(made.log.contains("HS256") && made.log.contains("signs"))
      var status = stat()
      #expect(stat(desk.directory / "keys.json", &status) == 0)
      #expect(status.st_mode & 0o777 == 0o600)
      let again = try desk.run("key", "create")
      #expect(again.status == 1)
      #expect(again.log.contains("there is a key file already"))
      #expect(try desk.run("key", "rotate", "--algorithm", "EdDSA").status == 0)
      let shown = try desk.run("key", "show")
      #expect(shown.log.contains("EdDSA") && shown.log.contains("-----BEGIN PUBLIC KEY-----"))
      for match in try read(desk.directory / "keys.json").matches(of: /"secret" : "([^"]+)"/) {
        #expect(!(made.log + shown.log).contains(match.1))
      }
      for odd in ["RS256", "none", "hs256"] {
        #expect(try desk.run("key", "rotate", "--algorithm", odd).status == 64)
      }
      #expect(try desk.run("key", "burn").status == 64)
      chmod(desk.directory / "keys.json", 0o644)
      #expect(try desk.run("key", "show").log.contains("chmod 600"))
    }
  }
}
