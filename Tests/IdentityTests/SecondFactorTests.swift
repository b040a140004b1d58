import Audit
import FoundationEssentials
import Identity
import Postgres
import Support
import Testing
import Tokens

/// Codes at sign-in, at moments that the tests choose.
@Suite(.tiers(.database, .security))
struct SecondFactorTests {
  private static let passwords = Passwords(parameters: .init(memoryKiB: 8, passes: 1, lanes: 1))
  /// The beginning of a half minute.
  private static let now = 1_800_000_000

  /// A phone that has read a secret.
  private struct Phone {
    private let code: TimeCode

    init(_ pending: SecondFactor.Pending) throws {
      code = TimeCode(secret: try #require(Base32.decode(pending.secret)))
    }

    /// The code of the half minute that begins so many half minutes later.
    func code(_ steps: Int = 0) -> String { code.code(at: now / TimeCode.stepSeconds + steps) }
  }

  private struct Guest: Sendable {
    var name = SignIn.Name.username("anna")
    var password = "correct horse"
    var code: String?
    var later = 0
    var demand = SecondFactor.Demand.optional
    var canEnrol = true
    var address = "192.0.2.1"

    @discardableResult
    func enter(_ connection: borrowing Connection, _ hashing: Hashing = Hashing()) throws -> SignIn.Entry {
      let signIn = SignIn(
        name, password: password, address: address,
        offer: .init(code, now: SecondFactorTests.now + later, requestID: "r-1"), demand: demand, canEnrol: canEnrol)
      return try signIn.finish(signIn.begin(on: connection), SecondFactorTests.passwords, hashing, on: connection)
    }
  }

  private static func offer(_ code: String, later: Int = 0) -> SecondFactor.Offer { .init(code, now: now + later) }

  /// Anna, an admin whose factor was confirmed with the code of the half minute before.
  private func withAnna(
    _ body: (Door, User, Phone, _ recoveryCodes: [String], _ database: String) throws -> Void
  ) throws {
    try withFreshDatabase { database in
      let door = try Door(Mint(), database: database)
      let anna = try door.person("anna", .admin, password: "correct horse")
      let phone = try Phone(SecondFactor.begin(anna.id, "anna", on: door.connection))
      let codes = try SecondFactor.confirm(
        Self.offer(phone.code(-1)), of: anna.id, from: "192.0.2.1", on: door.connection)
      try body(door, anna, phone, codes, database)
    }
  }

  private func failures(_ door: Door) throws -> Int {
    try door.owner.value(
      "SELECT coalesce(round(sum(failures))::bigint, 0) FROM login_failures WHERE subject LIKE 'pair %'")
  }

  @Test func `after the right password, a code is asked for`() throws {
    try withAnna { door, anna, phone, _, _ in
      for code in [nil, "", " - "] {
        #expect(throws: PeopleRefusal.secondFactorMissing) { try Guest(code: code).enter(door.connection) }
      }
      #expect(try failures(door) == 0)
      let entry = try Guest(code: phone.code()).enter(door.connection)
      #expect(entry.user.id == anna.id)
      #expect(entry.recoveryCodes == nil)
      let spaced = "\(phone.code(1).prefix(3)) \(phone.code(1).suffix(3))"
      #expect(try Guest(code: spaced, later: 30).enter(door.connection).user.id == anna.id)
    }
  }

  @Test func `a code works once, and an older one does not work after a newer one`() throws {
    try withAnna { door, _, phone, _, _ in
      // The code that confirmed the factor was used then.
      #expect(throws: PeopleRefusal.secondFactorWrong) { try Guest(code: phone.code(-1)).enter(door.connection) }
      try Guest(code: phone.code()).enter(door.connection)
      for later in [0, 29, 30, 59, 60] {
        #expect(throws: PeopleRefusal.secondFactorWrong) {
          try Guest(code: phone.code(), later: later).enter(door.connection)
        }
      }
      // A phone whose clock is fast.
      try Guest(code: phone.code(2), later: 30).enter(door.connection)
      #expect(throws: PeopleRefusal.secondFactorWrong) {
        try Guest(code: phone.code(1), later: 30).enter(door.connection)
      }
      try Guest(code: phone.code(3), later: 60).enter(door.connection)
    }
  }

  @Test func `a code from another time or another phone is wrong`() throws {
    try withAnna { door, _, phone, _, _ in
      let other = try Phone(SecondFactor.begin(door.person("boris", .admin).id, "boris", on: door.connection))
      for code in [phone.code(2), phone.code(-2), other.code(), "000", "1234567", "abcdef", "AAAA-AAAA-AAAA-AAAA"] {
        #expect(throws: PeopleRefusal.secondFactorWrong, "\(code)") { try Guest(code: code).enter(door.connection) }
        try door.owner.run("DELETE FROM login_failures")
      }
    }
  }

  /// The same guest waits in another session until the door's transaction commits, and is refused then.
  private func expectRefusal(of guest: Guest, behind door: Door, _ database: String) throws {
    let job = Job {
      let other = try TestCluster.connection(user: TestCluster.auth, database: database)
      try guest.enter(other)
    }
    try eventually("the second request waits") {
      try door.owner.value("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0
    }
    try door.connection.perform("COMMIT")
    #expect(throws: PeopleRefusal.secondFactorWrong) { try job.value() }
  }

  @Test(.tiers(.concurrency), arguments: [false, true])
  func `of two concurrent requests with one code, one signs in`(isRecoveryCode: Bool) throws {
    try withAnna { door, _, phone, codes, database in
      let guest = Guest(code: isRecoveryCode ? codes[0] : phone.code())
      try door.connection.perform("BEGIN")
      try guest.enter(door.connection)
      try expectRefusal(of: guest, behind: door, database)
    }
  }

  @Test(.tiers(.concurrency)) func `of two concurrent confirmations, one gets recovery codes`() throws {
    try withFreshDatabase { database in
      let door = try Door(Mint(), database: database)
      _ = try door.person("anna", .admin, password: "correct horse")
      let first = Guest(demand: .required)
      let pending = try enrolment { try first.enter(door.connection) }
      let guest = Guest(code: try Phone(#require(pending)).code(), demand: .required)
      try door.connection.perform("BEGIN")
      #expect(try guest.enter(door.connection).recoveryCodes?.count == 10)
      try expectRefusal(of: guest, behind: door, database)
      #expect(try door.owner.value("SELECT count(*) FROM recovery_codes") == 10)
    }
  }

  @Test func `a recovery code signs in once, in any spelling, and is audited`() throws {
    try withAnna { door, anna, _, codes, _ in
      #expect(Set(codes).count == 10)
      try Guest(code: codes[0].lowercased()).enter(door.connection)
      try Guest(code: codes[1].replacing("-", with: " ")).enter(door.connection)
      for code in codes[...1] {
        #expect(throws: PeopleRefusal.secondFactorWrong) { try Guest(code: code).enter(door.connection) }
      }
      let state = try SecondFactor.state(of: anna.id, on: door.connection)
      #expect(state.isEnrolled)
      #expect(state.recoveryCodesLeft == 8)
      let noted = try door.owner.rows(
        """
        SELECT actor || ' ' || request_id || ' ' || after::text FROM audit
        WHERE action = 'totp.recovery' AND subject_id = \(anna.id.text) ORDER BY id
        """
      ) { try $0.value(0, as: String.self) }
      #expect(
        noted == ["anna r-1 {\"recovery_codes_left\": 9}", "anna r-1 {\"recovery_codes_left\": 8}"])
    }
  }

  @Test func `after a wrong password nothing reveals whether there is a second factor`() throws {
    try withAnna { door, _, phone, codes, _ in
      _ = try door.person("boris", .admin, password: "correct horse")
      for code in [nil, phone.code(), "123456", codes[0]] {
        for (name, demand) in [("anna", SecondFactor.Demand.optional), ("boris", .required), ("nobody", .required)] {
          let guest = Guest(name: .username(name), password: "wrong", code: code, demand: demand)
          #expect(throws: PeopleRefusal.wrongCredentials, "\(name)") { try guest.enter(door.connection) }
        }
      }
      // No code was used up.
      try Guest(code: phone.code()).enter(door.connection)
      try Guest(code: codes[0]).enter(door.connection)
      #expect(try door.owner.value("SELECT count(*) FROM second_factors") == 1)
    }
  }

  @Test func `after ten wrong codes each further guess waits, and only a right code ends that`() throws {
    try withAnna { door, _, phone, _, _ in
      for _ in 0..<10 {
        #expect(throws: PeopleRefusal.secondFactorWrong) { try Guest(code: "12345").enter(door.connection) }
      }
      try door.owner.run("UPDATE login_failures SET blocked_until = clock_timestamp() + interval '1 minute'")
      for code in [nil, phone.code()] {
        let error = #expect(throws: PeopleRefusal.self) { try Guest(code: code).enter(door.connection) }
        guard case .tooManyFailures = error else {
          Issue.record("\(String(describing: error))")
          continue
        }
      }
      try door.owner.run("UPDATE login_failures SET blocked_until = clock_timestamp() - interval '1 minute'")
      // The right password alone proves too little to forget the guesses.
      #expect(throws: PeopleRefusal.secondFactorMissing) { try Guest().enter(door.connection) }
      #expect(try failures(door) == 10)
      try Guest(code: phone.code()).enter(door.connection)
      #expect(try failures(door) == 0)
    }
  }

  @Test func `a password that was verified a moment ago takes the same way`() throws {
    try withAnna { door, _, phone, _, _ in
      let hashing = Hashing(verified: VerifiedPasswords())
      try Guest(code: phone.code()).enter(door.connection, hashing)
      // Without a place in the line, no password is hashed.
      let full = Hashing(verified: hashing.verified, isInTime: false)
      #expect(throws: PeopleRefusal.secondFactorMissing) { try Guest().enter(door.connection, full) }
      #expect(throws: PeopleRefusal.secondFactorWrong) { try Guest(code: phone.code()).enter(door.connection, full) }
      #expect(try failures(door) == 1)
      try Guest(code: phone.code(1)).enter(door.connection, full)
      #expect(try failures(door) == 0)
    }
  }

  @Test func `a network is known only after the second factor`() throws {
    try withAnna { door, _, phone, _, _ in
      _ = try? Guest().enter(door.connection)
      _ = try? Guest(code: "123456").enter(door.connection)
      #expect(try door.owner.value("SELECT count(*) FROM known_networks") == 0)
      try Guest(code: phone.code()).enter(door.connection)
      #expect(try door.owner.value("SELECT count(*) FROM known_networks") == 1)
    }
  }

  private func enrolment(_ body: () throws -> Void) throws -> SecondFactor.Pending? {
    guard case .enrolmentRequired(let pending)? = #expect(throws: PeopleRefusal.self, performing: body) else {
      return nil
    }
    return pending
  }

  @Test func `where it is required, an admin sets it up while signing in`() throws {
    try withFreshDatabase { database in
      let door = try Door(Mint(), database: database)
      let anna = try door.person("anna", .admin, password: "correct horse")
      let guest = Guest(demand: .required)
      let pending = try #require(try enrolment { try guest.enter(door.connection) })
      #expect(try enrolment { try guest.enter(door.connection) } == pending)
      #expect(pending.url.contains("/Tuckshop:anna?secret=\(pending.secret)&"))
      #expect(!"\(PeopleRefusal.enrolmentRequired(pending)) \(pending)".contains(pending.secret))
      let phone = try Phone(pending)
      #expect(throws: PeopleRefusal.secondFactorWrong) {
        try Guest(code: phone.code(5), demand: .required).enter(door.connection)
      }
      #expect(try failures(door) == 1)
      #expect(try SecondFactor.state(of: anna.id, on: door.connection).isEnrolled == false)
      let entry = try Guest(code: phone.code(), demand: .required).enter(door.connection)
      let codes = try #require(entry.recoveryCodes)
      #expect(codes.count == 10)
      #expect(throws: PeopleRefusal.secondFactorWrong) {
        try Guest(code: phone.code(), demand: .required).enter(door.connection)
      }
      let again = try Guest(code: codes[9], demand: .required).enter(door.connection)
      #expect(again.recoveryCodes == nil)
      #expect(try door.owner.value("SELECT count(*) FROM audit WHERE action = 'totp.enrol'") == 1)
    }
  }

  @Test func `a secret that nobody confirmed is replaced after ten minutes`() throws {
    try withFreshDatabase { database in
      let door = try Door(Mint(), database: database)
      let anna = try door.person("anna", .admin)
      let first = try SecondFactor.begin(anna.id, "anna", on: door.connection)
      try door.owner.run("UPDATE second_factors SET created_at = created_at - interval '9 minutes'")
      #expect(try SecondFactor.begin(anna.id, "anna", on: door.connection) == first)
      try door.owner.run("UPDATE second_factors SET created_at = created_at - interval '1 minute'")
      let second = try SecondFactor.begin(anna.id, "anna", on: door.connection)
      #expect(second != first)
      #expect(try SecondFactor.begin(anna.id, "anna", on: door.connection) == second)
      #expect(throws: PeopleRefusal.secondFactorWrong) {
        try SecondFactor.confirm(
          Self.offer(Phone(first).code()), of: anna.id, from: "192.0.2.1", on: door.connection)
      }
    }
  }

  @Test func `only admins have to have one, but it counts in every role`() throws {
    try withAnna { door, anna, phone, _, _ in
      for role in [Role.user, .moderator, .service] {
        _ = try door.person(role.rawValue, role, password: "correct horse")
        try Guest(name: .username(role.rawValue), code: "123456", demand: .required).enter(door.connection)
      }
      _ = try door.person("boris", .admin, password: "correct horse")
      try Guest(name: .username("boris")).enter(door.connection)
      #expect(
        try enrolment {
          try Guest(name: .username("boris"), code: "123456", demand: .required, canEnrol: false)
            .enter(door.connection)
        } == nil)
      #expect(try door.owner.value("SELECT count(*) FROM second_factors") == 1)
      var changes = UserChanges()
      changes.role = .user
      try changes.apply(to: anna.id, by: .commandLine, on: door.owner)
      #expect(throws: PeopleRefusal.secondFactorMissing) { try Guest().enter(door.connection) }
      try Guest(code: phone.code()).enter(door.connection)
    }
  }

  @Test func `an inactive admin is not shown a secret`() throws {
    try withFreshDatabase { database in
      let door = try Door(Mint(), database: database)
      let anna = try door.person("anna", .admin, password: "correct horse")
      try door.owner.run("UPDATE users SET is_active = false WHERE id = \(anna.id)")
      #expect(throws: PeopleRefusal.inactive) { try Guest(demand: .required).enter(door.connection) }
      #expect(try door.owner.value("SELECT count(*) FROM second_factors") == 0)
    }
  }

  @Test func `wrong codes of a signed-in user count as wrong passwords do, and right ones forgive nothing`() throws {
    try withAnna { door, anna, phone, _, _ in
      for _ in 0..<10 {
        #expect(throws: PeopleRefusal.secondFactorWrong) {
          try SecondFactor.remove(
            Self.offer("12345"), of: anna.id, isRequired: false, from: "192.0.2.1", on: door.connection)
        }
      }
      try door.owner.run("UPDATE login_failures SET blocked_until = clock_timestamp() + interval '1 minute'")
      for attempt in [
        { _ = try SecondFactor.renewRecoveryCodes(Self.offer(phone.code()), of: anna.id, from: $0, on: $1) },
        { try SecondFactor.remove(Self.offer(phone.code()), of: anna.id, isRequired: false, from: $0, on: $1) },
        { try Guest(code: phone.code(), address: $0).enter($1) },
      ] as [(String, borrowing Connection) throws -> Void] {
        let error = #expect(throws: PeopleRefusal.self) { try attempt("192.0.2.1", door.connection) }
        guard case .tooManyFailures = error else {
          Issue.record("\(String(describing: error))")
          continue
        }
      }
      try door.owner.run("UPDATE login_failures SET blocked_until = clock_timestamp() - interval '1 minute'")
      _ = try SecondFactor.renewRecoveryCodes(
        Self.offer(phone.code()), of: anna.id, from: "192.0.2.1", on: door.connection)
      #expect(try failures(door) == 10)
    }
  }

  @Test func `a reset removes the factor and ends every session and token`() throws {
    try withAnna { door, anna, phone, codes, _ in
      let sessions = Sessions(tokens: door.keeper.tokens, lifetimes: .init())
      let entry = try Guest(code: phone.code()).enter(door.connection)
      let pair = try sessions.start(entry.user, from: .test, now: Door.now, on: door.connection)
      #expect(try door.admit(bearer: pair.accessToken).id == anna.id)
      try SecondFactor.reset(of: anna.id, by: .commandLine, on: door.owner)
      #expect(throws: CallerRefusal.revoked) { try door.admit(bearer: pair.accessToken, at: Door.now + 1) }
      #expect(throws: PeopleRefusal.refreshRefused) { try sessions.refresh(pair.refreshToken, on: door.connection) }
      #expect(try door.owner.value("SELECT count(*) FROM recovery_codes") == 0)
      try Guest().enter(door.connection)
      // With the setting, the next sign-in offers a new secret, and nothing of the old one is left.
      let pending = try #require(try enrolment { try Guest(demand: .required).enter(door.connection) })
      #expect(throws: PeopleRefusal.secondFactorWrong) {
        try Guest(code: codes[0], demand: .required).enter(door.connection)
      }
      #expect(try Guest(code: Phone(pending).code(), demand: .required).enter(door.connection).recoveryCodes != nil)
      let actor: String = try door.owner.value("SELECT actor FROM audit WHERE action = 'totp.reset'")
      #expect(actor == "command line")
      let boris = try door.person("boris")
      #expect(throws: PeopleRefusal.secondFactorUnknown) {
        try SecondFactor.reset(of: boris.id, by: .commandLine, on: door.owner)
      }
    }
  }

  @Test func `a deleted user leaves no secret behind`() throws {
    try withAnna { door, anna, _, _, _ in
      let boris = try door.person("boris", .admin)
      try User.delete(anna.id, by: Editor(boris.id), on: door.connection)
      #expect(try door.owner.value("SELECT count(*) FROM second_factors") == 0)
      #expect(try door.owner.value("SELECT count(*) FROM recovery_codes") == 0)
    }
  }
}
