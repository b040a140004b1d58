import Audit
import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// How a token may be sent, and how a deleted user's token fails.
@Suite(.tiers(.api, .database, .security))
struct BareTokenTests {
  private func ask(_ shop: Shop, _ path: String, _ authorization: String) -> Answer {
    shop.worker.ask(Request(.get, path, headers: ["Authorization": authorization], id: "r-1"))
  }

  @Test func `merch accepts a token without its scheme, and the other dialects do not`() throws {
    try withShop { shop in
      let token = try shop.bearer(.admin)
      for authorization in [token, "Bearer " + token, "bearer " + token] {
        #expect(ask(shop, "/api/info", authorization).status == 200)
      }
      for odd in [
        "Basic " + token, "Token " + token, " " + token, token + " x", "", "Bearer", String(token.dropLast()),
      ] {
        #expect(ask(shop, "/api/info", odd).status == 401, "\(odd)")
      }
      for path in ["/api/v1/wallet", "/api/v1/auth/me", "/inventory", "/api/v1/users"] {
        #expect(ask(shop, path, token).status == 401, "\(path)")
        #expect(ask(shop, path, "Bearer " + token).status == 200, "\(path)")
      }
      #expect(ask(shop, "/inventory", token)["error"] == "invalid_token_format")
    }
  }

  @Test func `a deleted user's token is 401 in every dialect, at once`() throws {
    try withShop { shop in
      let (anna, admin) = (try shop.person("anna"), try shop.bearer(.admin))
      let token = shop.token(anna)
      // The worker has not read any revocation yet when it looks up the caller.
      #expect(shop.worker.me(token).status == 200)
      try User.delete(anna.id, by: .commandLine, on: shop.owner)
      #expect(shop.worker.me(token).status == 401)
      try shop.worker.catchUp()
      for path in ["/api/info", "/api/v1/wallet", "/api/v1/auth/me", "/inventory", "/api/v1/users"] {
        let answer = shop.ask(.get, path, as: token)
        #expect(answer.status == 401, "\(path): \(answer.text)")
        #expect(answer.header("WWW-Authenticate") != nil, "\(path)")
      }
      #expect(shop.ask(.get, "/api/v1/users/\(anna.id.text)", as: admin).status == 404)
    }
  }
}
