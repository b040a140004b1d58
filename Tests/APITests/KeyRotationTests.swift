import API
import HTTP
import Identity
import Notation
import Support
import Testing
import Tokens

/// The effect of rotating the key file on signed-in users, in several workers.
@Suite(.tiers(.api, .security))
struct KeyRotationTests {
  @Test(arguments: [SignatureAlgorithm.hs256, .edDSA], [SignatureAlgorithm.hs256, .edDSA])
  func `one rotation ends no session, and a second one ends the oldest`(
    from first: SignatureAlgorithm, to second: SignatureAlgorithm
  ) throws {
    try withShop(first) { shop in
      let slow = try shop.place.worker()
      try shop.person("anna", password: "correct horse")
      let oldest = shop.worker.login("anna", "correct horse").pair
      #expect(slow.me(oldest.access).status == 200)

      try TokenKeys.rotate(shop.place.keyFile, to: second, now: 0)
      let quick = try shop.place.worker()
      let newer = quick.login("anna", "correct horse").pair
      // The slow worker has not read the file since, and accepts tokens of the quick one.
      for worker in [slow, quick] {
        for pair in [oldest, newer] { #expect(worker.me(pair.access).status == 200) }
      }

      try TokenKeys.rotate(shop.place.keyFile, to: second, now: 0)
      for worker in [slow, quick, shop.worker] {
        try worker.catchUp()
        #expect(worker.me(oldest.access)["code"] == "invalid_token_signature")
        #expect(worker.me(newer.access).status == 200)
      }
      // A session outlives its access tokens, because no key signs its refresh token.
      #expect(slow.me(slow.refresh(oldest.refresh).pair.access).status == 200)
    }
  }

  @Test func `others verify our tokens with the published keys, and nothing is published for HS256`() throws {
    try withShop(.edDSA) { shop in
      let answer = shop.ask(.get, "/.well-known/jwks.json")
      #expect(answer.status == 200)
      #expect(answer.header("Content-Type") == "application/jwk-set+json")
      let key = answer.members["keys"]?.elements.first?.members
      #expect(key?["kty"] == "OKP" && key?["crv"] == "Ed25519" && key?["d"] == nil)
      let published = try AsymmetricKey(ed25519: try #require(Base64.url.decode(key?["x"]?.text ?? "")))
      let token = try CompactToken(shop.token(try shop.person("anna")))
      #expect(token.isSigned(by: .pair(published)))
      #expect(shop.ask(.get, "/public-key.pem").text.hasPrefix("-----BEGIN PUBLIC KEY-----\n"))
    }
    let booted = try Booted(database: .nowhere)
    for path in ["/.well-known/jwks.json", "/public-key.pem"] { #expect(booted.ask(.get, path).status == 404) }
  }
}
