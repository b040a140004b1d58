import Support
import Testing
import Tokens

@Suite(.tiers(.unit))
struct OpaqueTokenTests {
  @Test func `an opaque token is found by its digest`() throws {
    let token = OpaqueToken()
    #expect(token.text.utf8.count == 43)
    #expect(token.digest == Digest.sha256(try #require(Base64.url.decode(token.text))))
    #expect(try #require(OpaqueToken(token.text)).digest == token.digest)
    #expect(OpaqueToken().text != token.text)
  }

  @Test(arguments: [
    "", "a", String(repeating: "A", count: 42), String(repeating: "A", count: 44),
    String(repeating: "A", count: 42) + "B", String(repeating: "A", count: 42) + "=",
    String(repeating: "A", count: 42) + " ", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", String(repeating: "é", count: 43),
  ])
  func `an invalid opaque token is not looked up`(text: String) {
    #expect(OpaqueToken(text) == nil)
  }
}
