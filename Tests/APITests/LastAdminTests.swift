import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// The shop always keeps at least one admin.
@Suite(.tiers(.api, .database))
struct LastAdminTests {
  enum Dismissal: CaseIterable {
    case deletion, deactivation, demotion

    func of(_ id: String, by worker: Booted, as token: String) -> Answer {
      switch self {
      case .deletion: worker.ask(.delete, "/api/v1/users/\(id)", as: token)
      case .deactivation: worker.ask(.patch, "/api/v1/users/\(id)", ["is_active": false], as: token)
      case .demotion: worker.ask(.patch, "/api/v1/users/\(id)", ["role": "moderator"], as: token)
      }
    }
  }

  private static let reigning: SQL = "role = 'admin' AND is_active AND deleted_at IS NULL"

  @Test(arguments: Dismissal.allCases)
  func `the last admin stays, however the dismissal is attempted`(dismissal: Dismissal) throws {
    try withShop { shop in
      let admin = try shop.person("a", .admin)
      for (name, change) in [("gone", "deleted_at = now()"), ("off", "is_active = false"), ("was", "role = 'user'")] {
        let other = try shop.person(name, .admin)
        try shop.owner.run("UPDATE users SET \(raw: change) WHERE id = \(other.id)")
      }
      let answer = dismissal.of(admin.id.text, by: shop.worker, as: shop.token(admin))
      #expect(answer.status == 409)
      #expect(answer["code"] == "last_admin")
      #expect(try shop.count("users", Self.reigning) == 1)
      #expect(try shop.count("audit") == 0)
      #expect(shop.worker.me(shop.token(admin)).status == 200)
    }
  }

  @Test(arguments: Dismissal.allCases)
  func `of two admins, either can be dismissed or leave`(dismissal: Dismissal) throws {
    try withShop { shop in
      let first = try shop.person("a", .admin)
      try shop.person("b", .admin)
      #expect([200, 204].contains(dismissal.of(first.id.text, by: shop.worker, as: shop.token(first)).status))
      #expect(try shop.count("users", Self.reigning) == 1)
    }
  }

  @Test func `the last admin may be renamed and given another password`() throws {
    try withShop { shop in
      let admin = try shop.person("a", .admin)
      let body: JSON = ["username": "b", "password": "another horse", "role": "admin", "is_active": true]
      #expect(shop.ask(.patch, "/api/v1/users/\(admin.id.text)", body, as: shop.token(admin)).status == 200)
    }
  }

  @Test(.tiers(.concurrency)) func `two admins who dismiss each other at the same moment do not both succeed`() throws {
    try withShop { shop in
      for (round, one) in (Dismissal.allCases + Dismissal.allCases).enumerated() {
        for other in Dismissal.allCases {
          let admins = try (0..<2).map { try shop.person("\(round).\(other).\($0)", .admin) }
          try shop.owner.run(
            "UPDATE users SET role = 'user' WHERE role = 'admin' AND id NOT IN (\(admins[0].id), \(admins[1].id))")
          let ids = admins.map(\.id.text)
          let tokens = admins.map(shop.token)
          let statuses = try shop.place.atOnce(2) { index, worker in
            [one, other][index].of(ids[1 - index], by: worker, as: tokens[index]).status
          }
          #expect(statuses.filter { $0 < 300 }.count == 1, "\(one), \(other): \(statuses)")
          #expect(statuses.allSatisfy { [200, 204, 401, 409].contains($0) }, "\(one), \(other): \(statuses)")
          #expect(try shop.count("users", Self.reigning) == 1)
        }
      }
    }
  }
}
