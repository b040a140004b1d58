import API
import FoundationEssentials
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing
import Tokens

/// Rules for new names, and users who had such a name before the rule.
@Suite(.tiers(.api, .database, .security))
struct NewNameTests {
  private static let refused = [
    " ", " anna", "anna ", "an\u{200B}na", "\u{202E}anna", "\u{430}nna", "\u{FF41}nna", "\u{1D41A}nna", "\u{FB01}n",
  ]

  @Test func `a name that looks like another is refused on every way in`() throws {
    try withShop { shop in
      let (admin, anna) = (try shop.bearer(.admin), try shop.person("anna"))
      for name in Self.refused {
        #expect(shop.worker.merchLogin(name, "secret").status == 400, "\(name.debugDescription)")
        let made = shop.ask(.post, "/api/v1/users", ["username": .string(name)], as: admin)
        #expect(made.complaints == [["body", "username", "value_error"]], "\(name.debugDescription)")
        let renamed = shop.ask(.patch, "/api/v1/users/\(anna.id.text)", ["username": .string(name)], as: admin)
        #expect(renamed.complaints == [["body", "username", "value_error"]], "\(name.debugDescription)")
      }
      #expect(try shop.count("users") == 2)
    }
  }

  @Test func `a user with such a name still signs in and receives coins`() throws {
    try withShop { shop in
      let sender = try shop.bearer(.user)
      for name in Self.refused {
        let hash = shop.worker.desk.registrar.hash("correct horse")
        try shop.owner.run(
          "INSERT INTO users (id, username, password_hash) VALUES (\(UUID.timeOrdered()), \(name), \(hash))")
        #expect(shop.worker.merchLogin(name, "correct horse").status == 200, "\(name.debugDescription)")
        #expect(shop.worker.login(name, "correct horse").status == 200, "\(name.debugDescription)")
        let sent = shop.ask(.post, "/api/sendCoin", ["toUser": .string(name), "amount": 1], as: sender)
        #expect(sent.text.contains("not enough coins"), "\(sent.text)")
      }
    }
  }

  @Test func `an email whose name is taken is registered under the next free name`() throws {
    try withShop { shop in
      let squatter = shop.worker.merchLogin("alice@example.com", "squatting")
      #expect(shop.worker.merchLogin("alice@example.com-3", "squatting").status == 200)
      func register(_ email: String) -> Answer {
        shop.ask(
          .post, "/api/v1/auth/register",
          ["email": .string(email), "password": "correct horse", "full_name": "Alice"])
      }
      let alice = register("alice@example.com")
      #expect(alice.status == 201, "\(alice.text)")
      #expect(alice["username"] == "alice@example.com-2" && alice["email"] == "alice@example.com")
      // The email signs in its owner; the name signs in the user who took it first.
      let hers = shop.ask(
        .post, "/api/v1/auth/login", ["email": "Alice@example.com", "password": "correct horse"])
      #expect(shop.worker.me(hers.pair.access)["id"] == alice["id"])
      #expect(shop.worker.login("alice@example.com", "correct horse").status == 401)
      #expect(shop.worker.me(try #require(squatter["token"]))["email"] == nil)
      // The email itself still belongs to one user.
      #expect(register("ALICE@example.com")["code"] == "email_taken")
      #expect(shop.worker.merchLogin("bob@example.com", "squatting").status == 200)
      let bob = shop.ask(.post, "/api/v1/users", ["email": "bob@example.com"], as: try shop.bearer(.admin))
      #expect(bob.status == 201 && bob["username"] == "bob@example.com-2")
      let wish = shop.ask(.post, "/api/v1/users", ["username": "bob@example.com"], as: try shop.bearer(.admin, "b"))
      #expect(wish["code"] == "username_taken")
    }
  }

  @Test func `the longest email has room for a number`() throws {
    try withShop { shop in
      let domain = Array(repeating: String(repeating: "b", count: 60), count: 3).joined(separator: ".") + ".example"
      let email = String(repeating: "a", count: 254 - domain.utf8.count - 1) + "@" + domain
      try shop.person(email)
      let answer = shop.ask(
        .post, "/api/v1/auth/register",
        ["email": .string(email), "password": "correct horse", "full_name": "A"])
      #expect(answer.status == 201 && answer["email"] == email, "\(answer.text)")
      #expect(answer["username"]?.hasSuffix("-2") == true)
    }
  }

  @Test(.tiers(.concurrency)) func `several concurrent users who want one name get one name each`() throws {
    try withShop { shop in
      try shop.person("a@b.example")
      let answers = try shop.place.atOnce(5) { index, worker in
        let email = index == 0 ? "a@b.example" : "A@b.example"
        return worker.ask(
          .post, "/api/v1/auth/register",
          ["email": .string(email), "password": "correct horse", "full_name": "A"])
      }
      #expect(answers.map(\.status).sorted() == [201, 409, 409, 409, 409])
    }
  }

  @Test func `a password has at least eight characters and at most 256 bytes`() throws {
    try withShop { shop in
      for (number, (password, status)) in [
        ("пароли7", 422), ("пароли78", 201), ("1234567x", 201), ("яяяяяяя", 422), ("💰💰", 422), ("💰💰💰💰💰💰💰💰", 201),
        (String(repeating: "я", count: 128), 201), (String(repeating: "я", count: 129), 422),
      ].enumerated() {
        let answer = shop.ask(
          .post, "/api/v1/auth/register",
          ["email": .string("a\(number)@b.example"), "password": .string(password), "full_name": "A"])
        #expect(answer.status == status, "\(password): \(answer.text)")
      }
    }
  }

  @Test func `an item's name must be visible`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      for name in [
        " ", " Mug", "Mug\u{A0}", "M\u{200B}ug", "\u{202E}guM", "Mug\u{2029}", "M\u{E000}ug", "Mug\n", "M\u{7}g",
      ] {
        let made = shop.ask(.post, "/api/v1/items", ["name": .string(name), "price": 1], as: admin)
        #expect(made.complaints == [["body", "name", "value_error"]], "\(name.debugDescription)")
      }
      #expect(shop.ask(.post, "/api/v1/items", ["name": "Кружка XL ☕", "price": 1], as: admin).status == 201)
    }
  }
}
