import Notation
import Support
import Testing

@Suite(.tiers(.unit))
struct PercentTests {
  @Test func `letters that RFC 3986 reserves nowhere stay, and all others are escaped`() {
    let plain = "ABCXYZabcxyz0189-._~"
    #expect(Percent.encoded(plain) == plain)
    #expect(Percent.encoded("a b+c/d?e&f=g:%") == "a%20b%2Bc%2Fd%3Fe%26f%3Dg%3A%25")
    #expect(Percent.encoded("я\u{1}") == "%D1%8F%01")
  }

  @Test func `decoding gives back what was encoded`() {
    let text = String((1...0x2FF).compactMap { Unicode.Scalar($0).map(Character.init) })
    #expect(Percent.decoded(Percent.encoded(text)[...]) == text)
  }
}
