import Support
import Testing
import Tokens

@Suite(.tiers(.unit, .security))
struct Base64Tests {
  @Test(arguments: [
    ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
    ("foobar", "Zm9vYmFy"),
  ])
  func `RFC 4648's examples hold, without their padding`(text: String, encoded: String) {
    for alphabet in [Base64.url, .standard] {
      #expect(alphabet.encode(Array(text.utf8)) == encoded)
      #expect(alphabet.decode(encoded) == Array(text.utf8))
    }
  }

  @Test func `the alphabets differ in two letters, and neither decodes the other's`() {
    let bytes: [UInt8] = [0xFB, 0xFF, 0xBF]
    #expect(Base64.url.encode(bytes) == "-_-_")
    #expect(Base64.standard.encode(bytes) == "+/+/")
    #expect(Base64.url.decode("+/+/") == nil)
    #expect(Base64.standard.decode("-_-_") == nil)
  }

  @Test(arguments: [
    "Z", "Zm9vY", "Zg==", "Zg=", "Zm8=", "Zm 9", " Zg", "Zg ", "Zm\n8", "Zm8\n", "Zh", "Z_", "Zm9", "Zm-", "Zm8A=",
    "Zm.v", "Zm%76", "Zmé", "Zm9\u{0}", "Ｚｇ",
  ])
  func `a second spelling of the same bytes is refused`(text: String) {
    #expect(Base64.url.decode(text) == nil)
  }

  @Test func `every byte survives encoding and decoding, at every length`() {
    var generator = Seeded(7)
    for count in 0..<200 {
      let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
      #expect(Base64.url.decode(Base64.url.encode(bytes)) == bytes)
    }
  }

  @Test func `of all two-letter texts, exactly one encodes each byte`() {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    let read = alphabet.flatMap { first in alphabet.compactMap { Base64.url.decode("\(first)\($0)") } }
    #expect(read.count == 256)
    #expect(Set(read).count == 256)
  }
}
