import HTTP
import Identity
import Notation
import Postgres
import Support
import Telemetry
import Testing
import Tokens

/// Admins link the identities by which people sign in elsewhere.
@Suite(.tiers(.api, .database))
struct IdentityTests {
  @Test func `an admin links, lists and unlinks, and each change is audited`() throws {
    try withShop { shop in
      let admin = try shop.person("admin", .admin)
      let anna = try shop.person("anna")
      let token = shop.token(admin)
      let path = "/api/v1/users/\(anna.id.text)/identities"
      func link(_ body: JSON) -> Answer { shop.ask(.post, path, body, as: token) }
      let first = link(["issuer": "https://idp.example", "subject": "17"])
      #expect(first.status == 201)
      #expect(first["issuer"] == "https://idp.example" && first["subject"] == "17")
      #expect(link(["issuer": "trusted-header", "subject": "anna"]).status == 201)
      let taken = link(["issuer": "https://idp.example", "subject": "17"])
      #expect(taken.status == 409 && taken["code"] == "identity_taken")
      let list = shop.ask(.get, path, as: token)
      #expect(list.text.contains(#""n":1,"issuer":"https://idp.example","subject":"17""#))
      #expect(list.text.contains(#""n":2,"issuer":"trusted-header","subject":"anna""#))
      #expect(shop.ask(.delete, path + "/1", as: token).status == 204)
      #expect(shop.ask(.delete, path + "/1", as: token).status == 404)
      for number in ["one", "0", "-1", "3000000000", "99999999999999999999"] {
        #expect(shop.ask(.delete, path + "/" + number, as: token).status == 404, "\(number)")
      }
      #expect(try shop.count("audit", "action IN ('user.link', 'user.unlink')") == 3)
      #expect(link(["issuer": "", "subject": 7]).status == 422)
      // The tombstone of a deleted user is nobody else's.
      #expect(shop.ask(.delete, "/api/v1/users/\(anna.id.text)", as: token).status == 204)
      #expect(shop.ask(.get, path, as: token).status == 404)
      let boris = try shop.person("boris")
      let again = shop.ask(
        .post, "/api/v1/users/\(boris.id.text)/identities", ["issuer": "trusted-header", "subject": "anna"], as: token)
      #expect(again.status == 409)
    }
  }

  @Test func `nobody but an admin sees or changes them`() throws {
    try withShop { shop in
      let anna = try shop.person("anna")
      for role in [Role.user, .moderator, .service] {
        let token = try shop.bearer(role)
        let path = "/api/v1/users/\(anna.id.text)/identities"
        #expect(shop.ask(.get, path, as: token).status == 403)
        #expect(shop.ask(.post, path, ["issuer": "a", "subject": "b"], as: token).status == 403)
        #expect(shop.ask(.delete, path + "/1", as: token).status == 403)
      }
    }
  }

  @Test func `a user who proves another identity links it, and nobody proves one for others`() throws {
    let key = Array(repeating: UInt8(9), count: 32)
    let directory = try TemporaryDirectory()
    let x = Base64.url.encode(try AsymmetricKey(ed25519Seed: key).ed25519PublicKey)
    try directory.write("key", #"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"\#(x)"}]}"#)
    try directory.write(
      "issuers.json",
      """
      [{"issuer":"https://idp.example","audience":"tuckshop","algorithm":"EdDSA","key_file":"key","user_claim":"name"}]
      """)
    func bearer(_ subject: String) throws -> String {
      let now = Clock.unixSeconds
      let payload = """
        {"iss":"https://idp.example","aud":"tuckshop","sub":"\(subject)","jti":"\(subject)","iat":\(now),\
        "exp":\(now + 600),"name":"anna"}
        """
      let token = Mint.sign(
        Array(#"{"alg":"EdDSA","kid":"k"}"#.utf8), Array(payload.utf8), .pair(try AsymmetricKey(ed25519Seed: key)))
      return "Bearer " + token
    }
    try withShop(foreign: try ForeignIssuers(file: directory / "issuers.json", own: "tuckshop")) { shop in
      let anna = try shop.person("anna", password: "a long password")
      func link(_ proof: String, password: JSON = "a long password") -> Answer {
        shop.ask(
          .post, "/api/v1/auth/identities", ["authorization": .string(proof), "password": password],
          as: shop.token(anna))
      }
      #expect(link(try bearer("17"), password: "wrong")["code"] == "invalid_credentials")
      #expect(link(try bearer("17")).status == 201)
      let foreign = String(try bearer("17").dropFirst("Bearer ".count))
      #expect(shop.ask(.get, "/api/v1/auth/me", as: foreign)["id"] == anna.id.text)
      #expect(link(try bearer("17"))["code"] == "identity_taken")
      let other = String(try bearer("18").dropFirst("Bearer ".count))
      #expect(shop.ask(.get, "/api/v1/auth/me", as: other)["username"] == "anna-2")
      #expect(link(try bearer("18"))["code"] == "identity_taken")
      #expect(shop.ask(.post, "/api/v1/auth/logout", as: other).status == 204)
      for proof in ["", "Bearer x", try bearer("19") + "x", "Bearer " + shop.token(anna)] {
        #expect(link(proof).status == 401, "\(proof)")
      }
      #expect(link(try bearer("18"))["code"] == "token_revoked")
    }
  }
}
