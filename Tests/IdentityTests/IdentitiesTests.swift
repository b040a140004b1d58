import Audit
import FoundationEssentials
import Identity
import Postgres
import Support
import Testing
import Tokens

/// A person from elsewhere is an issuer and a subject, never a name.
@Suite(.tiers(.database, .security))
struct IdentitiesTests {
  @Test func `a token that names the admin is a new person without rights`() throws {
    try withDoor { door in
      let admin = try door.person("admin", .admin, password: "a long password")
      let caller = try door.admit(bearer: Elsewhere.token("17", named: "admin"))
      #expect(caller.id != admin.id)
      #expect(caller.role == .user)
      #expect(caller.username == "admin-2")
    }
  }

  @Test func `an account registered under a colleague's name never becomes that colleague's`() throws {
    try withDoor { door in
      let squatter = try door.person("alice", password: "a long password")
      let alice = try door.admit(bearer: Elsewhere.token("alice@idp", named: "alice"))
      #expect(alice.id != squatter.id)
      let hash = try door.owner.row("SELECT password_hash FROM users WHERE id = \(alice.id)") {
        try $0.value("password_hash", as: String?.self)
      }
      #expect(hash == .some(nil))
      let header = try door.admit(Credentials(authorization: nil, trustedUser: "alice"))
      #expect(header.id != squatter.id && header.id != alice.id)
    }
  }

  @Test func `a deleted person does not come back`() throws {
    try withDoor { door in
      let token = try Elsewhere.token("alice@idp", named: "alice")
      let alice = try door.admit(bearer: token)
      let header = try door.admit(Credentials(authorization: nil, trustedUser: "bob"))
      for gone in [alice, header] { try User.delete(gone.id, by: .commandLine, on: door.owner) }
      for now in [Door.now + 1, Door.now + 600] {
        #expect(throws: CallerRefusal.revoked) { try door.admit(bearer: token, at: now) }
        #expect(throws: CallerRefusal.revoked) {
          try door.admit(Credentials(authorization: nil, trustedUser: "bob"), at: now)
        }
      }
      #expect(try door.owner.value("SELECT count(*) FROM users", as: Int.self) == 2)
    }
  }

  @Test(.tiers(.concurrency)) func `an identity that is linked and used at the same moment has one user`() throws {
    try withFreshDatabase { database in
      let first = try Door(try Mint(), database: database)
      let users = try ["anna", "boris"].map { try first.person($0).id }
      let gate = Gate(for: 8)
      let outcomes = try onThreads(8) { index -> UUID? in
        let door = Result { try Door(Mint(), database: database, foreign: Elsewhere.trust().issuers()) }
        gate.pass()
        guard index < 4 else { return try door.get().admit(bearer: Elsewhere.token("1", named: "anna")).id }
        do {
          let user = users[index % 2]
          try Identities.link(Trust.issuer, "1", to: user, by: .commandLine, on: door.get().owner)
          return user
        } catch PeopleRefusal.identityTaken {
          return nil
        }
      }
      let holders = try first.owner.rows("SELECT user_id FROM identities") { try $0.value(0, as: UUID.self) }
      #expect(holders.count == 1)
      #expect(Set(outcomes.compactMap { $0 }) == Set(holders))
    }
  }

  private func withDoor(_ body: (Door) throws -> Void) throws {
    try withFreshDatabase { database in
      try body(try Door(try Mint(), database: database, foreign: try Elsewhere.trust().issuers()))
    }
  }
}

/// An issuer with an Ed25519 key that the test holds.
enum Elsewhere {
  private static let seed = Array(repeating: UInt8(9), count: 32)

  static func trust() throws -> Trust {
    let x = Base64.url.encode(try AsymmetricKey(ed25519Seed: seed).ed25519PublicKey)
    return try Trust("EdDSA", key: #"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"\#(x)"}]}"#)
  }

  static func token(_ subject: String, named name: String, id: String = "t", issuedAt: Int = Mint.now) throws -> String
  {
    let payload = jsonObject(
      [
        ("iss", quoted(Trust.issuer)), ("aud", quoted("tuckshop")), ("sub", quoted(subject)), ("jti", quoted(id)),
        ("iat", "\(issuedAt)"), ("exp", "\(issuedAt + 900)"), ("preferred_username", quoted(name)),
        ("role", quoted("admin")),
      ], [:])
    return Mint.sign(
      Array(#"{"alg":"EdDSA","kid":"k"}"#.utf8), Array(payload.utf8), .pair(try AsymmetricKey(ed25519Seed: seed)))
  }
}
