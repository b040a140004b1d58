import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// From the tenth wrong guess on, the next guess has to wait. Nobody is ever locked out.
@Suite(.tiers(.api, .database, .security))
struct LoginDelayTests {
  /// Pretends that every delay is over.
  private func endDelays(_ shop: Shop) throws {
    try shop.owner.run("UPDATE login_failures SET blocked_until = clock_timestamp() - interval '1 millisecond'")
  }

  /// Extends each delay by a minute, so that a slow machine does not wait out the shortest ones by itself.
  private func lengthenDelays(_ shop: Shop) throws {
    try shop.owner.run(
      """
      UPDATE login_failures SET blocked_until = clock_timestamp() + interval '1 minute' WHERE failures > 9.5
      """)
  }

  /// Makes this many wrong guesses, each after its delay.
  private func guess(_ times: Int, at name: String, _ shop: Shop) throws {
    for _ in 0..<times {
      try endDelays(shop)
      #expect(shop.worker.login(name, "wrong").status == 401)
    }
  }

  @Test func `after ten wrong guesses the next guess waits, right or wrong`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      for _ in 0..<10 { #expect(shop.worker.login("anna", "wrong").status == 401) }
      try lengthenDelays(shop)
      let answer = shop.worker.login("anna", "correct horse")
      #expect(answer.status == 429)
      #expect(answer["code"] == "too_many_failures")
      let seconds = try #require(answer.header("Retry-After").flatMap { Int($0) })
      #expect(seconds > 0)
      #expect(answer.header("RateLimit") == "\"failures\";r=0;t=\(seconds)")
      #expect(answer.header("RateLimit-Policy") == "\"failures\";q=10")
      let merch = shop.worker.merchLogin("anna", "correct horse")
      #expect(merch.status == 429)
      #expect(merch.members.keys.sorted() == ["errors"])
      #expect(merch.header("Retry-After") != nil)
      // The refused attempt was not counted as a guess.
      #expect(try shop.count("login_failures", "failures > 10.01") == 0)
    }
  }

  @Test func `the right password works after the delay, and clears the failures`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      try guess(12, at: "anna", shop)
      try lengthenDelays(shop)
      #expect(shop.worker.login("anna", "correct horse").status == 429)
      try endDelays(shop)
      #expect(shop.worker.login("anna", "correct horse").status == 200)
      #expect(try shop.count("login_failures", "subject LIKE 'pair %'") == 0)
      for _ in 0..<9 { #expect(shop.worker.login("anna", "wrong").status == 401) }
      #expect(shop.worker.login("anna", "correct horse").status == 200)
    }
  }

  @Test func `each delay is longer than the one before, up to a minute`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      var delays: [Int] = []
      for _ in 0..<18 {
        try guess(1, at: "anna", shop)
        delays.append(
          try shop.owner.value(
            """
            SELECT round(extract(epoch FROM blocked_until - failed_at))::bigint FROM login_failures
            WHERE subject LIKE 'pair %'
            """))
      }
      #expect(delays == Array(repeating: 0, count: 9) + [1, 2, 4, 8, 16, 32, 60, 60, 60])
    }
  }

  @Test func `failures are forgotten, one per minute`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      try guess(10, at: "anna", shop)
      try shop.owner.run("UPDATE login_failures SET failed_at = failed_at - interval '5 minutes'")
      try guess(4, at: "anna", shop)
      #expect(shop.worker.login("anna", "correct horse").status == 200)
    }
  }

  @Test func `a name that nobody has is delayed like any other, and reveals nothing`() throws {
    try withShop { shop in
      let anna = "anna@b.example"
      try shop.person(anna, email: anna, password: "correct horse")
      // By name and by email alternately: the failures must add up alike for an existing and a missing user.
      func statuses(_ name: String) -> [Int] {
        (0..<12).map { time in
          let member = time % 2 == 0 ? "username" : "email"
          let body = JSON.members([member: .string(name), "password": "wrong"])
          return shop.ask(.post, "/api/v1/auth/login", body).status
        }
      }
      #expect(statuses(anna) == statuses("nobody@b.example"))
      try guess(9, at: "nobody", shop)
      try lengthenDelays(shop)
      #expect(shop.worker.login("nobody", "wrong").status == 401)
      try lengthenDelays(shop)
      #expect(shop.worker.login("nobody", "wrong").status == 429)
    }
  }

  @Test func `an address that tries many accounts waits, and others do not`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      let statuses = (0..<60).map { shop.worker.login("user \($0)", "wrong", from: "198.51.100.7").status }
      #expect(statuses.contains(429))
      #expect(statuses.prefix(9) == Array(repeating: 401, count: 9)[...])
      try lengthenDelays(shop)
      #expect(shop.worker.login("anna", "correct horse", from: "198.51.100.7").status == 429)
      #expect(shop.worker.login("anna", "correct horse", from: "198.51.100.8").status == 200)
    }
  }

  @Test func `one forgetful colleague costs the shared address of an office one failure`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      try shop.person("boris", password: "correct horse")
      try guess(15, at: "anna", shop)
      #expect(shop.worker.login("anna", "correct horse").status == 429)
      #expect(shop.worker.login("boris", "correct horse").status == 200)
    }
  }

  private static let neighbours = [
    ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
    ("2001:db8::1", "2001:db8:0:0:ffff::2", true), ("2001:db8::1", "2001:db8:0:1::1", false),
    ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false), ("::ffff:192.0.2.1", "192.0.2.1", true),
    ("::1", "127.0.0.1", false),
  ]

  @Test func `a household with an IPv6 network is one address, and an IPv4 machine is one`() throws {
    try withShop { shop throws in
      for (one, other, areOne) in Self.neighbours {
        try shop.owner.run("DELETE FROM login_failures")
        for address in [one, other] { _ = shop.worker.login("nobody \(address)", "wrong", from: address) }
        let charged = try shop.count("login_failures", "subject LIKE 'address %'")
        #expect(charged == (areOne ? 1 : 2), "\(one) and \(other)")
      }
    }
  }

  private static let oddAddresses = ["", "unix:", "fe80::1%eth0", ":", "a:b", "1:2:3:4:5:6:7:8:9"]

  @Test func `an unreadable address delays nobody`() throws {
    try withShop { shop throws in
      try shop.person("anna", password: "correct horse")
      for address in Self.oddAddresses {
        #expect(shop.worker.login("anna", "wrong", from: address).status == 401, "\(address)")
        #expect(shop.worker.login("anna", "correct horse", from: address).status == 200, "\(address)")
      }
    }
  }

  @Test(.tiers(.concurrency)) func `concurrent guesses are all counted`() throws {
    try withShop { shop in
      try shop.person("anna", password: "correct horse")
      let statuses = try shop.place.atOnce(6) { _, worker in worker.login("anna", "wrong").status }
      #expect(statuses == Array(repeating: 401, count: 6))
      #expect(try shop.count("login_failures", "subject LIKE 'pair %' AND failures > 5.5") == 1)
    }
  }
}
