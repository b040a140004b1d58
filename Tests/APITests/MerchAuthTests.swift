import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing
import Tokens

/// `POST /api/auth`: signing in under a new name registers it.
@Suite(.tiers(.api, .database))
struct MerchAuthTests {
  @Test func `a new name is registered, and its password signs in again`() throws {
    try withShop { shop in
      let first = shop.worker.merchLogin("аня", "1")
      #expect(first.status == 200)
      #expect(first.members.keys.sorted() == ["token"])
      let me = shop.worker.me(try #require(first["token"]))
      #expect(me["username"] == "аня")
      #expect(me["role"] == "user")
      #expect(me.members["email"] == .null)
      let again = shop.worker.merchLogin("аня", "1")
      #expect(again.status == 200)
      #expect(shop.worker.me(try #require(again["token"]))["id"] == me["id"])
      let wrong = shop.worker.merchLogin("аня", "2")
      #expect(wrong.status == 401)
      #expect(wrong.members.keys.sorted() == ["errors"])
      #expect(try shop.count("users") == 1)
    }
  }

  private static let names = [
    "a", "я", "anna@example.org", "Анна Каренина", "💰", "o'brien\"; --", "a/b%2f", "<b>",
    String(repeating: "a", count: 255), String(repeating: "я", count: 127),
  ]

  @Test func `names may have many forms`() throws {
    try withShop { shop throws in
      for name in Self.names {
        let token = try #require(shop.worker.merchLogin(name, "secret")["token"])
        #expect(shop.worker.me(token)["username"] == name)
      }
    }
  }

  @Test func `two Unicode spellings are one name, and another case is another user`() throws {
    try withShop { shop in
      func id(_ name: String) throws -> String? {
        shop.worker.me(try #require(shop.worker.merchLogin(name, "secret")["token"]))["id"]
      }
      let composed = try id("\u{E9}ve")
      #expect(try id("e\u{301}ve") == composed)
      #expect(try id("\u{C9}ve") != composed)
      #expect(try id("eve") != composed)
      #expect(try shop.count("users") == 3)
    }
  }

  private static let badBodies = [
    "", "{", "[]", "null", #""a""#, "{}", #"{"username":"a"}"#, #"{"password":"a"}"#,
    #"{"username":"","password":"a"}"#, #"{"username":"a","password":""}"#, #"{"username":1,"password":"a"}"#,
    #"{"username":"a","password":1}"#, #"{"username":null,"password":"a"}"#, #"{"username":"a","password":null}"#,
    #"{"username":["a"],"password":"a"}"#, #"{"username":"a\u0000","password":"a"}"#,
    #"{"username":"a\n","password":"a"}"#, #"{"username":"a\u007f","password":"a"}"#,
    #"{"username":"a\u0085","password":"a"}"#, #"{"username":"a","password":"a","password":"b"}"#,
    #"{"username":"\#(String(repeating: "a", count: 256))","password":"a"}"#,
    #"{"username":"\#(String(repeating: "я", count: 128))","password":"a"}"#,
    #"{"username":"a","password":"\#(String(repeating: "a", count: 257))"}"#,
    #"{"username":"a","password":"\#(String(repeating: "я", count: 129))"}"#,
  ]

  @Test func `a bad request is 400 and registers nobody`() throws {
    try withShop { shop throws in
      for body in Self.badBodies {
        let answer = shop.worker.ask(.post, "/api/auth", body: body)
        #expect(answer.status == 400, "\(body)")
        #expect(answer.members.keys.sorted() == ["errors"])
        #expect(try shop.count("users") == 0)
      }
    }
  }

  @Test(.tiers(.security)) func `other members are ignored, and make nobody an admin`() throws {
    try withShop { shop throws in
      let answer = shop.ask(
        .post, "/api/auth", ["username": "eve", "password": "x", "role": "admin", "is_active": false, "id": "1"])
      #expect(shop.worker.me(try #require(answer["token"]))["role"] == "user")
    }
  }

  @Test(.tiers(.concurrency)) func `two concurrent first logins of one name create one account, and both succeed`()
    throws
  {
    try withShop { shop in
      for name in ["a", "б", "c@d.e"] {
        let answers = try shop.place.atOnce(6) { _, worker in worker.merchLogin(name, "the same") }
        #expect(answers.map(\.status) == Array(repeating: 200, count: 6))
        let ids = answers.map { shop.worker.me($0["token"] ?? "")["id"] }
        #expect(Set(ids).count == 1 && ids[0] != nil)
        #expect(try shop.count("users", "username = \(name)") == 1)
      }
    }
  }

  @Test(.tiers(.concurrency)) func `of two concurrent first logins with different passwords one succeeds`() throws {
    try withShop { shop in
      let answers = try shop.place.atOnce(4) { index, worker in worker.merchLogin("a", "password \(index)") }
      #expect(answers.map(\.status).sorted() == [200, 401, 401, 401])
      let winner = try #require(answers.firstIndex { $0.status == 200 })
      #expect(shop.worker.merchLogin("a", "password \(winner)").status == 200)
    }
  }

  @Test func `a longer password may be required, but only of new users`() throws {
    try withShop { shop throws in
      #expect(shop.worker.merchLogin("old", "1").status == 200)
      shop.worker.desk.merchPasswords = PasswordRule(leastCharacters: 8, refusesCommon: false)
      #expect(shop.worker.merchLogin("new", "1234567").status == 400)
      #expect(try shop.count("users", "username = 'new'") == 0)
      #expect(shop.worker.merchLogin("new", "12345678").status == 200)
      #expect(shop.worker.merchLogin("old", "1").status == 200)
    }
  }

  @Test func `an inactive user cannot sign in, and a deleted user's name is free for others`() throws {
    try withShop { shop in
      let id = try #require(shop.worker.me(shop.worker.merchLogin("a", "x")["token"] ?? "")["id"])
      let admin = try shop.bearer(.admin)
      #expect(shop.ask(.patch, "/api/v1/users/\(id)", ["is_active": false], as: admin).status == 200)
      let refused = shop.worker.merchLogin("a", "x")
      #expect(refused.status == 401)
      #expect(refused.members.keys.sorted() == ["errors"])
      #expect(shop.ask(.delete, "/api/v1/users/\(id)", as: admin).status == 204)
      let other = shop.worker.merchLogin("a", "y")
      #expect(other.status == 200)
      #expect(shop.worker.me(other["token"] ?? "")["id"] != id)
    }
  }
}
