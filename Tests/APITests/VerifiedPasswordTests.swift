import Audit
import API
import FoundationEssentials
import Glibc
import HTTP
import Identity
import Notation
import Postgres
import Support
import Synchronization
import Telemetry
import Testing
import Tokens

/// A recent sign-in with the same password needs no new hash. To show this, the worker is told that there is no time
/// for a hash, so every request that needs one is refused.
@Suite(.tiers(.api, .database, .security))
struct VerifiedPasswordTests {
  /// A sign-in that queued so long that no hash is computed for it.
  private func late(
    _ shop: Shop, _ name: String, _ password: String, merch: Bool = false, from address: String = "192.0.2.1"
  )
    -> Answer
  {
    let body: JSON = ["username": .string(name), "password": .string(password)]
    return shop.worker.ask(
      Request(
        .post, merch ? "/api/auth" : "/api/v1/auth/login", body: body.bytes, clientAddress: address, id: "r-1",
        arrivedMilliseconds: Clock.unixMilliseconds - 1000))
  }

  @Test func `a login that queued too long is refused before the hash, with Retry-After`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      for name in ["anna", "nobody"] {
        for password in ["correct horse", "wrong"] {
          let answer = late(shop, name, password)
          #expect(answer.status == 503)
          #expect(answer["code"] == "overloaded")
          #expect(answer.header("Retry-After") == "1")
          #expect(late(shop, name, password, merch: true).status == 503)
        }
      }
      // The request neither registered anybody nor counted as a guess.
      #expect(try shop.count("users") == 1)
      #expect(try shop.count("login_failures") == 0)
    }
  }

  @Test func `when the hashing line is full, verified users sign in and others are refused`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      let directory = try TemporaryDirectory()
      let files = (0..<2).map { _ in open(directory / "line", O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
      defer { for file in files { close(file) } }
      let bell = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
      sem_init(bell, 0, 0)
      defer { bell.deallocate() }
      let lines = files.map { HashingLine(descriptor: $0, bell: bell, turns: 1, workers: { 1 }) }
      shop.worker.desk.line = lines[0]
      func held(_ body: () -> Void) {
        let place = Hashing(line: lines[1]).place()
        #expect(place != nil)
        withExtendedLifetime(place, body)
      }
      held {
        for answer in [shop.worker.login("anna", "correct horse"), shop.worker.merchLogin("boris", "x")] {
          #expect(answer.status == 503)
          #expect(answer.header("Retry-After") == "1")
        }
      }
      #expect(shop.worker.login("anna", "correct horse").status == 200)
      #expect(shop.worker.merchLogin("boris", "x").status == 200)
      held {
        #expect(shop.worker.login("anna", "correct horse").status == 200)
        #expect(shop.worker.login("anna", "wrong").status == 503)
      }
    }
  }

  @Test func `nobody is registered without time for a hash`() throws {
    try withShop { shop throws in
      let body: JSON = ["email": "boris@b.example", "password": "correct horse", "full_name": "Boris"]
      let request = Request(
        .post, "/api/v1/auth/register", body: body.bytes, arrivedMilliseconds: Clock.unixMilliseconds - 1000)
      #expect(shop.worker.ask(request).status == 503)
      #expect(try shop.count("users") == 0)
    }
  }

  @Test func `the verified password signs in again on either route, and a wrong one does not`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      #expect(shop.worker.login("anna", "correct horse").status == 200)
      #expect(late(shop, "anna", "correct horse").status == 200)
      #expect(late(shop, "anna", "correct horse", merch: true).status == 200)
      #expect(late(shop, "anna", "wrong").status == 503)
      #expect(late(shop, "anna", "correct hors").status == 503)
      #expect(shop.worker.login("anna", "wrong").status == 401)
      try shop.person("boris", password: "correct horse")
      #expect(late(shop, "boris", "correct horse").status == 503)
    }
  }

  @Test func `registering verifies the password as well`() throws {
    try withShop { shop throws in
      #expect(shop.worker.merchLogin("anna", "correct horse").status == 200)
      #expect(late(shop, "anna", "correct horse").status == 200)
      let body: JSON = ["email": "boris@b.example", "password": "correct horse", "full_name": "Boris"]
      #expect(shop.ask(.post, "/api/v1/auth/register", body).status == 201)
      #expect(late(shop, "boris@b.example", "correct horse").status == 200)
    }
  }

  @Test func `at an unknown address nothing is compared, however right the password is`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      #expect(shop.worker.login("anna", "correct horse").status == 200)
      #expect(late(shop, "anna", "correct horse", from: "198.51.100.7").status == 503)
      #expect(late(shop, "anna", "wrong", from: "198.51.100.7").status == 503)
    }
  }

  @Test func `guesses without a hash are limited`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      // A stopped clock, so that the minute of the guesses does not end.
      shop.worker.desk.verified = VerifiedPasswords(seconds: { 600_000 })
      #expect(shop.worker.login("anna", "correct horse").status == 200)
      for number in 0..<10 { #expect(late(shop, "anna", "wrong \(number)").status == 503) }
      #expect(late(shop, "anna", "correct horse").status == 503)
      // Once a hash proves the password, the attempts no longer count as guesses.
      shop.worker.desk.verified = VerifiedPasswords(seconds: { 600_000 })
      for number in 0..<10 { #expect(late(shop, "anna", "wrong \(number)").status == 503) }
      #expect(shop.worker.login("anna", "correct horse").status == 200)
      #expect(late(shop, "anna", "correct horse").status == 200)
    }
  }

  @Test func `no change of a user leaves the old password valid`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      func change(_ user: User, _ body: JSON) {
        #expect(shop.ask(.patch, "/api/v1/users/\(user.id.text)", body, as: admin).status == 200)
      }
      let changes: [(name: String, change: (User) -> Void, then: Int)] = [
        ("password", { change($0, ["password": "battery staple"]) }, 503),
        ("role", { change($0, ["role": "moderator"]) }, 503),
        ("deactivated", { change($0, ["is_active": false]) }, 503),
        ("renewed", { change($0, ["full_name": "Somebody"]) }, 200),
        ("deleted", { _ = shop.ask(.delete, "/api/v1/users/\($0.id.text)", as: admin) }, 503),
      ]
      for (name, change, then) in changes {
        let user = try shop.person(name, password: "correct horse")
        #expect(shop.worker.login(name, "correct horse").status == 200)
        #expect(late(shop, name, "correct horse").status == 200)
        change(user)
        #expect(late(shop, name, "correct horse").status == then, "\(name)")
      }
      #expect(shop.worker.login("password", "correct horse").status == 401)
      #expect(shop.worker.login("password", "battery staple").status == 200)
      #expect(shop.worker.login("deactivated", "correct horse").status == 403)
      #expect(shop.worker.login("deleted", "correct horse").status == 401)
    }
  }

  @Test func `an inactive colleague is told so again, whatever was verified before`() throws {
    try withShop { shop in
      let anna = try shop.person("anna", password: "correct horse")
      #expect(shop.worker.login("anna", "correct horse").status == 200)
      try shop.owner.run("UPDATE users SET is_active = false WHERE id = \(anna.id)")
      for _ in 0..<2 { #expect(shop.worker.login("anna", "correct horse").status == 403) }
      #expect(late(shop, "anna", "correct horse").status == 403)
    }
  }

  @Test func `a sign-in address is remembered once, and of many addresses only the latest few`() throws {
    try withShop { shop in
      let anna = try shop.person("anna", password: "correct horse")
      for number in 1...12 {
        for _ in 0..<2 {
          #expect(shop.worker.login("anna", "correct horse", from: "198.51.100.\(number)").status == 200)
        }
      }
      let places = try shop.owner.rows("SELECT network FROM known_networks ORDER BY seen_at") {
        try $0.value(0, as: String.self)
      }
      #expect(places == (5...12).map { "198.51.100.\($0)" })
      // A new password forgets all addresses.
      var changes = UserChanges()
      changes.passwordHash = shop.worker.desk.registrar.hash("battery staple")
      try changes.apply(to: anna.id, by: .commandLine, on: shop.owner)
      #expect(try shop.count("known_networks") == 0)
    }
  }

  @Test func `an address not seen for a month is forgotten`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      for address in ["192.0.2.1", "192.0.2.2"] {
        #expect(shop.worker.login("anna", "correct horse", from: address).status == 200)
      }
      try shop.owner.run(
        "UPDATE known_networks SET seen_at = seen_at - interval '31 days' WHERE network = '192.0.2.2'")
      #expect(late(shop, "anna", "correct horse", from: "192.0.2.2").status == 503)
      try shop.worker.tidyUp()
      #expect(try shop.count("known_networks") == 1)
      #expect(late(shop, "anna", "correct horse").status == 200)
    }
  }
}
