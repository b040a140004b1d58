import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

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
      #expect(shop.ask(.delete, path + "/one", as: token).status == 404)
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
}
