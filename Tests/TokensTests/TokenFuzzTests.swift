import Support
import Testing
import Tokens

@Suite(.tiers(.unit, .security))
struct TokenFuzzTests {
  private static let telling = Array(".-_=+/ \n\u{0}A{}[]\"\\:,0e".utf8) + [0x80, 0xC3, 0xFF]

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func `no mutation of a valid token is believed, and none crashes`(seed: UInt64) throws {
    let mint = try Mint()
    let good = Array(mint.tokens.issue(Mint.claims).utf8)
    var generator = Seeded(seed)
    var refusals: Set<TokenRefusal> = []
    for _ in 0..<3000 {
      let mutated = mutate(good, &generator)
      guard mutated != good else { continue }
      let text = String(decoding: mutated, as: UTF8.self)
      do throws(TokenRefusal) {
        _ = try mint.tokens.verify(text, now: Mint.now)
        Issue.record("believed: \(text)")
      } catch {
        refusals.insert(error)
      }
    }
    // A fuzzer that never passes the first check tests nothing behind it.
    #expect(refusals.isSuperset(of: [.malformed, .badSignature, .unknownKey]))
  }

  @Test func `no mutation of an Ed25519 token is believed`() throws {
    let mint = try Mint(.edDSA)
    let good = Array(mint.tokens.issue(Mint.claims).utf8)
    var generator = Seeded(99)
    for _ in 0..<500 {
      let mutated = mutate(good, &generator)
      let text = String(decoding: mutated, as: UTF8.self)
      if mutated != good { #expect(throws: TokenRefusal.self) { try mint.tokens.verify(text, now: Mint.now) } }
    }
  }

  /// A signed payload is always read, so this is how hostile text reaches the JSON reader.
  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func `a signed payload of any bytes is refused, or has valid claims`(seed: UInt64) throws {
    let mint = try Mint()
    let key = try mint.keys[0].material
    let header = Array(mint.header().utf8)
    let good = Array(mint.payload(["nbf": "1700000000", "x": #"[{"a":"\ud83d\ude00\n"},-1.5e3,null]"#]).utf8)
    var generator = Seeded(seed)
    var counts = (believed: 0, malformed: 0, otherwise: 0)
    for _ in 0..<1000 {
      do throws(TokenRefusal) {
        let claims = try mint.tokens.verify(Mint.sign(header, mutate(good, &generator), key), now: Mint.now)
        counts.believed += 1
        #expect(!claims.subject.isEmpty && !claims.tokenID.isEmpty)
        #expect(claims.issuedAt <= Mint.now + 60 && claims.expiresAt > Mint.now - 60)
      } catch {
        if error == .malformed { counts.malformed += 1 } else { counts.otherwise += 1 }
      }
    }
    #expect(counts.believed > 20 && counts.malformed > 200 && counts.otherwise > 50, "\(counts)")
  }

  private func mutate(_ good: [UInt8], _ generator: inout Seeded) -> [UInt8] {
    var bytes = good
    for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<7, using: &generator) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1: bytes[place] = Self.telling.randomElement(using: &generator)!
      case 2: bytes.insert(Self.telling.randomElement(using: &generator)!, at: place)
      case 3: bytes.remove(at: place)
      case 4: bytes.removeSubrange(place...)
      case 5: bytes.swapAt(place, Int.random(in: 0..<bytes.count, using: &generator))
      default: bytes.insert(contentsOf: bytes[place...].prefix(9), at: place)
      }
    }
    return bytes
  }
}
