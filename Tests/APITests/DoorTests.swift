import API
import Audit
import FoundationEssentials
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing
import Tokens

/// How people join: an open, a guarded and a closed door.
@Suite(.tiers(.api, .database, .security))
struct DoorTests {
  private func register(_ shop: Shop, _ email: String, _ invitation: String? = nil, from address: String = "") -> Answer
  {
    let body = JSON.members([
      "email": .string(email), "password": "a long password", "full_name": "Anna",
      "invitation": invitation.map(JSON.string),
    ])
    return shop.worker.ask(
      Request(.post, "/api/v1/auth/register", body: body.bytes, clientAddress: address, id: "r-1"))
  }

  private func merch(_ shop: Shop, _ name: String, _ password: String = "a long password") -> Answer {
    shop.ask(.post, "/api/auth", ["username": .string(name), "password": .string(password)])
  }

  @Test func `the page learns how people may join and sign in`() throws {
    try withShop { shop in
      #expect(shop.ask(.get, "/api/v1/auth/methods").text == #"{"password":true,"sign_up":"open","oidc":null}"#)
      shop.worker.desk.joining.signUp = .invited
      shop.worker.desk.joining.passwordLogin = .off
      #expect(shop.ask(.get, "/api/v1/auth/methods").text == #"{"password":false,"sign_up":"closed","oidc":null}"#)
    }
  }

  @Test(arguments: [SignUp.invited, .closed])
  func `unless the door is open, an unknown name is answered as a wrong password is`(door: SignUp) throws {
    try withShop { shop in
      try shop.person("anna", password: "a long password")
      shop.worker.desk.joining.signUp = door
      let wrong = merch(shop, "anna", "a wrong password")
      #expect(wrong.status == 401)
      // Neither a name that could not be taken nor a password that is too short says more.
      shop.worker.desk.merchPasswords = PasswordRule(leastCharacters: 12, refusesCommon: true)
      for (name, password) in [("boris", "a long password"), ("boris", "x"), ("\u{200B}", "x"), ("аnna", "x")] {
        let unknown = merch(shop, name, password)
        #expect(unknown.status == 401 && unknown.text == wrong.text, "\(name)")
      }
      for path in ["login", "session"] {
        let known = shop.ask(.post, "/api/v1/auth/" + path, ["username": "anna", "password": "x"])
        let unknown = shop.ask(.post, "/api/v1/auth/" + path, ["username": "boris", "password": "x"])
        #expect(known.status == 401 && unknown.status == 401 && known.text == unknown.text)
      }
      let refused = register(shop, "boris@example.org")
      #expect(refused.status == 403 && refused["code"] == "sign_up_closed")
      try shop.person("clara", email: "clara@example.org")
      #expect(register(shop, "clara@example.org").text == refused.text)
      #expect(merch(shop, "anna").status == 200)
      #expect(try shop.count("users") == 2)
    }
  }

  @Test func `an invitation lets its address in once, with its role`() throws {
    try withShop { shop in
      shop.worker.desk.joining.signUp = .invited
      let admin = try shop.bearer(.admin)
      let made = shop.ask(
        .post, "/api/v1/invitations", ["email": "Anna@example.org", "role": "moderator", "expires_in": 60], as: admin)
      #expect(made.status == 201)
      let token = try #require(made["token"])
      #expect(made["url"] == "http://127.0.0.1:8080/join#" + token)
      #expect(
        try shop.owner.value("SELECT count(*) FROM invitations WHERE digest = \(Array(token.utf8))", as: Int.self) == 0)
      for (email, invitation) in [
        ("boris@example.org", token), ("anna@example.org", token + "A"), ("anna@example.org", ""),
      ] {
        let answer = register(shop, email, invitation)
        #expect(answer.status == 403 && answer["code"] == "invitation_refused", "\(email)")
      }
      let anna = register(shop, "anna@example.org", token)
      #expect(anna.status == 201 && anna["role"] == "moderator")
      #expect(register(shop, "anna@example.org", token)["code"] == "invitation_refused")
      let list = shop.ask(.get, "/api/v1/invitations", as: admin).text
      #expect(list.contains(#""state":"used""#) && list.contains(#""used_by":"anna@example.org""#))
      #expect(!list.contains(token))
      #expect(shop.ask(.delete, "/api/v1/invitations/\(made["id"] ?? "")", as: admin)["code"] == "invitation_used")
      #expect(try shop.count("audit", "action = 'user.create' AND reason = 'invitation'") == 1)
      #expect(try shop.count("audit", "action = 'invitation.create' AND after->>'role' = 'moderator'") == 1)
    }
  }

  @Test func `an invitation that was ended, has expired or comes from a dismissed admin admits nobody`() throws {
    try withShop { shop in
      shop.worker.desk.joining.signUp = .invited
      let maker = try shop.person("maker", .admin)
      let other = try shop.bearer(.admin)
      func invite() throws -> (id: String, token: String) {
        let made = shop.ask(.post, "/api/v1/invitations", as: shop.token(maker))
        return (try #require(made["id"]), try #require(made["token"]))
      }
      let ended = try invite()
      for _ in 0..<2 { #expect(shop.ask(.delete, "/api/v1/invitations/\(ended.id)", as: other).status == 204) }
      #expect(try shop.count("audit", "action = 'invitation.end'") == 1)
      #expect(shop.ask(.delete, "/api/v1/invitations/\(UUID().text)", as: other).status == 404)
      let expired = try invite()
      try shop.owner.run("UPDATE invitations SET expires_at = now() WHERE id = \(UUID(spelled: expired.id))")
      #expect(shop.ask(.get, "/api/v1/invitations?limit=1", as: other).text.contains(#""state":"expired""#))
      let orphan = try invite()
      var changes = UserChanges()
      changes.role = .moderator
      try changes.apply(to: maker.id, by: .commandLine, on: shop.owner)
      for (number, token) in [ended.token, expired.token, orphan.token].enumerated() {
        #expect(register(shop, "anna@example.org", token)["code"] == "invitation_refused", "\(number)")
      }
      let list = shop.ask(.get, "/api/v1/invitations?limit=2", as: other)
      #expect(list.text.contains(#""total":3,"page":1,"limit":2,"total_pages":2"#))
      #expect(list.text.contains(#""state":"ended""#))
      shop.worker.desk.joining.signUp = .closed
      #expect(shop.ask(.post, "/api/v1/invitations", [:], as: other)["code"] == "sign_up_closed")
      for role in [Role.user, .moderator, .service] {
        #expect(shop.ask(.post, "/api/v1/invitations", [:], as: try shop.bearer(role)).status == 403)
      }
    }
  }

  @Test(.tiers(.concurrency)) func `one invitation used at once by many makes one user`() throws {
    try withFreshDatabase { database in
      let place = Shop.Place(database: database, directory: try TemporaryDirectory())
      try TokenKeys.create(place.keyFile, .hs256, now: 0)
      let shop = try Shop(place)
      let made = try Invitations.create(
        email: nil, role: .admin, seconds: 60, JoiningRules(), by: .commandLine, on: shop.owner)
      let answers = try place.atOnce(6) { index, worker in
        worker.desk.joining.signUp = .invited
        return worker.ask(
          .post, "/api/v1/auth/register",
          body: """
            {"email":"a\(index)@example.org","password":"a long password","full_name":"A","invitation":"\(made.token)"}
            """
        ).status
      }
      #expect(answers.filter { $0 == 201 }.count == 1 && answers.filter { $0 == 403 }.count == 5)
      #expect(try shop.count("users") == 1)
    }
  }

  @Test func `an address of a listed domain needs no invitation, unless the door is closed`() throws {
    try withShop { shop in
      shop.worker.desk.joining.signUp = .invited
      shop.worker.desk.joining.domains = ["example.org"]
      #expect(register(shop, "anna@Example.org").status == 201)
      for email in ["anna@example.com", "anna@notexample.org", "anna@example.org.com", "a@sub.example.org"] {
        #expect(register(shop, email)["code"] == "sign_up_closed", "\(email)")
      }
      shop.worker.desk.joining.signUp = .closed
      #expect(register(shop, "boris@example.org")["code"] == "sign_up_closed")
    }
  }

  @Test func `strangers of one network make a limited number of users, and this machine any number`() throws {
    try withShop { shop in
      shop.worker.desk.joining.newUsersPerHour = 3
      for number in 0..<3 { #expect(register(shop, "a\(number)@example.org", from: "192.0.2.1").status == 201) }
      let refused = register(shop, "a3@example.org", from: "192.0.2.1")
      #expect(refused.status == 429 && refused["code"] == "too_many_new_users")
      #expect(refused.header("Retry-After") == "1200")
      let merch = shop.worker.ask(
        Request(
          .post, "/api/auth", body: Array(#"{"username":"x","password":"p"}"#.utf8), clientAddress: "192.0.2.1"))
      #expect(merch.status == 429)
      #expect(register(shop, "b@example.org", from: "192.0.2.2").status == 201)
      for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
        for number in 0..<5 {
          #expect(register(shop, "c\(number)@\(address.count).example", from: address).status == 201)
        }
      }
      try shop.owner.run("UPDATE login_failures SET failed_at = failed_at - interval '21 minutes'")
      #expect(register(shop, "a4@example.org", from: "192.0.2.1").status == 201)
      #expect(register(shop, "a5@example.org", from: "192.0.2.1").status == 429)
    }
  }

  @Test func `without passwords, nobody signs in or registers with one; with break-glass only admins do`() throws {
    try withShop { shop in
      try shop.person("boss", .admin, password: "a long password")
      try shop.person("anna", password: "a long password")
      func login(_ name: String, _ path: String) -> Answer {
        shop.ask(.post, path, ["username": .string(name), "password": "a long password"])
      }
      shop.worker.desk.joining.passwordLogin = .admins
      for path in ["/api/v1/auth/login", "/api/v1/auth/session"] {
        #expect(login("boss", path).status == 200)
        #expect(login("anna", path)["code"] == "password_login_off")
      }
      #expect(login("boss", "/api/auth").status == 200)
      #expect(login("anna", "/api/auth").status == 401)
      #expect(login("nobody", "/api/auth").status == 401)
      #expect(register(shop, "clara@example.org")["code"] == "sign_up_closed")
      shop.worker.desk.joining.passwordLogin = .off
      for path in ["/api/v1/auth/login", "/api/v1/auth/session"] { #expect(login("boss", path).status == 403) }
      #expect(login("boss", "/api/auth").status == 401)
      #expect(try shop.count("users") == 2)
    }
  }
}
