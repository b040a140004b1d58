import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// Wrong guesses from unknown addresses slow such addresses down. A user who signed in lately from an address is not
/// delayed there.
@Suite(.tiers(.api, .database, .security))
struct StrangerTests {
  private static let stranger = "198.51.100.7"
  private static let home = "192.0.2.1"
  private static let elsewhere = "203.0.113.9"

  private func endDelays(_ shop: Shop) throws {
    try shop.owner.run("UPDATE login_failures SET blocked_until = clock_timestamp() - interval '1 millisecond'")
  }

  private func lengthenDelays(_ shop: Shop) throws {
    try shop.owner.run(
      "UPDATE login_failures SET blocked_until = clock_timestamp() + interval '1 minute' WHERE failures > 9.5")
  }

  /// Makes this many wrong guesses from one address, each after its delay; afterwards all delays are long.
  private func guess(_ times: Int, at name: String, from address: String, _ shop: Shop) throws {
    for _ in 0..<times {
      try endDelays(shop)
      #expect(shop.worker.login(name, "wrong", from: address).status == 401)
    }
    try lengthenDelays(shop)
  }

  @Test func `one stranger keeps nobody out, wherever the user signs in`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      #expect(shop.worker.login("anna", "correct horse", from: Self.home).status == 200)
      try guess(14, at: "anna", from: Self.stranger, shop)
      #expect(shop.worker.login("anna", "correct horse", from: Self.stranger).status == 429)
      #expect(shop.worker.login("anna", "correct horse", from: Self.home).status == 200)
      #expect(shop.worker.login("anna", "correct horse", from: Self.elsewhere).status == 200)
      #expect(shop.worker.merchLogin("anna", "correct horse", from: Self.home).status == 200)
    }
  }

  @Test func `many strangers slow strangers down, and no known user`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      #expect(shop.worker.login("anna", "correct horse", from: Self.home).status == 200)
      for number in 1...6 { try guess(3, at: "anna", from: "198.51.100.\(number)", shop) }
      #expect(shop.worker.login("anna", "correct horse", from: Self.elsewhere).status == 429)
      #expect(shop.worker.login("anna", "correct horse", from: Self.home).status == 200)
      // Anna's success gives the strangers no further guesses.
      #expect(shop.worker.login("anna", "wrong", from: "198.51.100.99").status == 429)
    }
  }

  @Test func `a known household is known by all its addresses`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      #expect(shop.worker.login("anna", "correct horse", from: "2001:db8:1:2::1").status == 200)
      for number in 1...6 { try guess(3, at: "anna", from: "198.51.100.\(number)", shop) }
      #expect(shop.worker.login("anna", "correct horse", from: "2001:db8:1:2:ffff::9").status == 200)
      #expect(shop.worker.login("anna", "correct horse", from: "2001:db8:1:3::1").status == 429)
    }
  }

  @Test func `a user is known at the address where they registered`() throws {
    try withShop { shop in
      #expect(shop.worker.merchLogin("anna", "correct horse", from: Self.home).status == 200)
      let body: JSON = ["email": "boris@b.example", "password": "correct horse", "full_name": "Boris"]
      #expect(shop.worker.ask(.post, "/api/v1/auth/register", body, from: Self.home).status == 201)
      for name in ["anna", "boris@b.example"] {
        for number in 1...6 { try guess(3, at: name, from: "198.51.100.\(number)", shop) }
        #expect(shop.worker.login(name, "correct horse", from: Self.home).status == 200, "\(name)")
        #expect(shop.worker.login(name, "correct horse", from: Self.elsewhere).status == 429, "\(name)")
      }
    }
  }

  @Test func `guesses from a known address are delayed like any others`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      #expect(shop.worker.login("anna", "correct horse", from: Self.home).status == 200)
      try guess(10, at: "anna", from: Self.home, shop)
      #expect(shop.worker.login("anna", "correct horse", from: Self.home).status == 429)
      #expect(shop.worker.login("anna", "correct horse", from: Self.elsewhere).status == 200)
    }
  }

  @Test func `a name that nobody has is delayed like an existing one`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      func statuses(_ name: String) throws -> [Int] {
        var statuses: [Int] = []
        for number in 1...8 {
          try endDelays(shop)
          for _ in 0..<4 {
            statuses.append(shop.worker.login(name, "wrong", from: "198.51.100.\(number)").status)
            try lengthenDelays(shop)
          }
        }
        try shop.owner.run("DELETE FROM login_failures")
        return statuses
      }
      let known = try statuses("anna")
      #expect(known.contains(429))
      #expect(try statuses("nobody") == known)
    }
  }
}
