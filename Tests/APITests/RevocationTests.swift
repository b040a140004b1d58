import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// Events that end tokens early, seen by a second worker over the same database.
@Suite(.tiers(.api, .database, .security))
struct RevocationTests {
  enum Change: String, CaseIterable {
    case role, deactivation, deletion, password, username

    func make(_ shop: Shop, _ id: String, as admin: String) -> Int {
      func patch(_ body: JSON) -> Int { shop.ask(.patch, "/api/v1/users/\(id)", body, as: admin).status }
      return switch self {
      case .role: patch(["role": "moderator"])
      case .deactivation: patch(["is_active": false])
      case .deletion: shop.ask(.delete, "/api/v1/users/\(id)", as: admin).status
      case .password: patch(["password": "another horse"])
      case .username: patch(["username": "hanna"])
      }
    }
  }

  @Test(arguments: Change.allCases)
  func `a change ends all tokens of that user in every worker, and nobody else's`(change: Change) throws {
    try withShop { shop in
      let other = try shop.place.worker()
      let anna = try shop.person("anna", password: "correct horse")
      let boris = shop.token(try shop.person("boris"))
      let pairs = (0..<2).map { _ in shop.worker.login("anna", "correct horse").pair }
      let merch = shop.worker.merchLogin("anna", "correct horse")["token"] ?? ""
      let tokens = pairs.map(\.access) + [merch]
      for token in tokens { #expect(other.me(token).status == 200) }

      #expect([200, 204].contains(change.make(shop, anna.id.text, as: try shop.bearer(.admin))))
      try other.catchUp()
      try shop.worker.catchUp()
      for token in tokens {
        for worker in [other, shop.worker] {
          let answer = worker.me(token)
          #expect(answer.status == 401)
          #expect(answer["code"] == "token_revoked")
          #expect(answer.header("WWW-Authenticate") == "Bearer error=\"invalid_token\"")
        }
      }
      for pair in pairs { #expect(other.refresh(pair.refresh).status == 401) }
      #expect(other.me(boris).status == 200)
    }
  }

  @Test func `a new name or email ends no token`() throws {
    try withShop { shop in
      let anna = try shop.person("anna", password: "correct horse")
      let pair = shop.worker.login("anna", "correct horse").pair
      let answer = shop.ask(
        .patch, "/api/v1/users/\(anna.id.text)", ["email": "anna@b.example", "full_name": "Anna"],
        as: try shop.bearer(.admin))
      #expect(answer.status == 200)
      try shop.worker.catchUp()
      #expect(shop.worker.me(pair.access)["full_name"] == "Anna")
      #expect(shop.worker.refresh(pair.refresh).status == 200)
    }
  }

  @Test func `a reactivated user signs in anew, and ended tokens stay ended`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let anna = try shop.person("anna", password: "correct horse")
      let old = shop.worker.login("anna", "correct horse").pair
      for flag in [false, true] {
        let change = shop.ask(.patch, "/api/v1/users/\(anna.id.text)", ["is_active": .bool(flag)], as: admin)
        #expect(change.status == 200)
      }
      try shop.worker.catchUp()
      #expect(shop.worker.me(old.access).status == 401)
      #expect(shop.worker.refresh(old.refresh).status == 401)
      #expect(shop.worker.me(shop.worker.login("anna", "correct horse").pair.access).status == 200)
    }
  }

  @Test(arguments: [false, true])
  func `a logout ends its session everywhere and no other`(afterAChange: Bool) throws {
    try withShop { shop in
      let other = try shop.place.worker()
      let anna = try shop.person("anna", password: "correct horse")
      if afterAChange {
        // From now on the workers have a generation for this user too.
        #expect(Change.role.make(shop, anna.id.text, as: try shop.bearer(.admin)) == 200)
      }
      let pair = shop.worker.login("anna", "correct horse").pair
      let elsewhere = shop.worker.login("anna", "correct horse").pair
      let renewed = shop.worker.refresh(pair.refresh).pair
      #expect(other.me(pair.access).status == 200)
      let answer = shop.ask(.post, "/api/v1/auth/logout", as: pair.access)
      #expect(answer.status == 204)
      #expect(answer.response.body.isEmpty)
      for worker in [shop.worker, other] {
        try worker.catchUp()
        for token in [pair.access, renewed.access] { #expect(worker.me(token)["code"] == "token_revoked") }
        #expect(worker.me(elsewhere.access).status == 200)
        #expect(worker.refresh(renewed.refresh).status == 401)
      }
      #expect(shop.ask(.post, "/api/v1/auth/logout", as: pair.access).status == 401)
      #expect(shop.worker.refresh(elsewhere.refresh).status == 200)
    }
  }

  @Test(arguments: [false, true])
  func `a logout with a merch token ends that token alone`(afterAChange: Bool) throws {
    try withShop { shop in
      let id = try #require(shop.worker.me(shop.worker.merchLogin("anna", "x")["token"] ?? "")["id"])
      if afterAChange { #expect(Change.role.make(shop, id, as: try shop.bearer(.admin)) == 200) }
      let tokens = (0..<2).map { _ in shop.worker.merchLogin("anna", "x")["token"] ?? "" }
      #expect(shop.ask(.post, "/api/v1/auth/logout", as: tokens[0]).status == 204)
      let other = try shop.place.worker()
      #expect(other.me(tokens[0])["code"] == "token_revoked")
      #expect(other.me(tokens[1]).status == 200)
    }
  }
}
