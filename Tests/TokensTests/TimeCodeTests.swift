import Support
import Testing
import Tokens

@Suite(.tiers(.unit, .security))
struct TimeCodeTests {
  private let rfc = TimeCode(secret: Array("12345678901234567890".utf8))

  @Test func `RFC 4226's answers hold (appendix D)`() {
    let codes = (0..<10).map { rfc.code(at: $0) }
    #expect(
      codes == [
        "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
      ])
  }

  @Test(arguments: [
    (59, "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"), (1_234_567_890, "89005924"),
    (2_000_000_000, "69279037"), (20_000_000_000, "65353130"),
  ])
  func `RFC 6238's answers hold (appendix B)`(seconds: Int, code: String) {
    #expect(rfc.code(at: seconds / TimeCode.stepSeconds, digits: 8) == code)
    #expect(rfc.step(of: String(code.suffix(6)), at: seconds) == seconds / 30)
  }

  @Test func `a code is valid in its own half minute and in the ones beside it`() {
    let code = rfc.code(at: 1000)
    let valid = (990...1010).filter { rfc.step(of: code, at: $0 * 30 + 29) != nil }
    #expect(valid == [999, 1000, 1001])
    #expect(rfc.step(of: code, at: 999 * 30) == 1000)
    #expect(rfc.step(of: code, at: 1001 * 30 + 29) == 1000)
  }

  @Test func `a text that is no code belongs to no step`() {
    let code = rfc.code(at: 1)
    let texts = ["", "0", String(code.dropLast()), code + "0", " " + code, "９９９９９９", "abcdef", "-28708", "28 7082"]
    for text in texts { #expect(rfc.step(of: text, at: 30) == nil, "\(text)") }
    #expect(rfc.step(of: code, at: 30) == 1)
  }

  @Test func `each secret is new and has 160 bits`() {
    let secrets = Set((0..<100).map { _ in TimeCode().secret })
    #expect(secrets.count == 100)
    #expect(secrets.allSatisfy { $0.count == 20 })
  }

  @Test func `the URL has issuer and account with every reserved letter escaped`() {
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    #expect(rfc.text == secret)
    #expect(
      rfc.url(issuer: "Tuck & shop", account: "анна?secret=A&b:c/%41")
        == "otpauth://totp/Tuck%20%26%20shop:%D0%B0%D0%BD%D0%BD%D0%B0%3Fsecret%3DA%26b%3Ac%2F%2541?secret=\(secret)"
        + "&issuer=Tuck%20%26%20shop&algorithm=SHA1&digits=6&period=30")
  }

  @Test func `a recovery code is found by its digest, in any case`() throws {
    let code = RecoveryCode()
    #expect(code.text.wholeMatch(of: /(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}/) != nil)
    let letters = code.text.filter { $0 != "-" }
    #expect(try #require(RecoveryCode(letters)).digest == code.digest)
    #expect(try #require(RecoveryCode(letters.lowercased())).text == code.text)
    #expect(RecoveryCode().digest != code.digest)
    for text in ["", "123456", letters + "A", String(letters.dropLast()), String(letters.dropLast()) + "1", code.text] {
      #expect(RecoveryCode(text) == nil, "\(text)")
    }
  }
}

@Suite(.tiers(.unit))
struct Base32Tests {
  @Test(arguments: [
    ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"),
    ("foobar", "MZXW6YTBOI"),
  ])
  func `RFC 4648's examples hold, without their padding`(text: String, encoded: String) {
    #expect(Base32.encode(Array(text.utf8)) == encoded)
    #expect(Base32.decode(encoded) == Array(text.utf8))
    #expect(Base32.decode(encoded.lowercased()) == Array(text.utf8))
  }

  @Test(arguments: ["M", "MZX", "MZXW6Y", "MZ", "MY======", "MY ", "M1", "M8", "M0", "ＭＹ", "MZXW6YR"])
  func `a second spelling of the same bytes is refused`(text: String) {
    #expect(Base32.decode(text) == nil)
  }

  @Test func `every byte survives encoding and decoding, at every length`() {
    var generator = Seeded(7)
    for count in 0..<100 {
      let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
      #expect(Base32.decode(Base32.encode(bytes)) == bytes)
    }
  }
}
