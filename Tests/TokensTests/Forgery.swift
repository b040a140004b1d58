import Support
import Testing
import Tokens

/// One way to forge a token, and the reason for which it must be refused.
struct Forgery: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let refusal: TokenRefusal
  let make: @Sendable (Mint) throws -> String

  init(_ name: String, _ refusal: TokenRefusal, _ make: @escaping @Sendable (Mint) throws -> String) {
    testDescription = name
    self.refusal = refusal
    self.make = make
  }

  /// Signed by the right key, with one member of the header changed.
  static func header(_ name: String, _ values: [String?], _ refusal: TokenRefusal) -> [Forgery] {
    values.map { value in
      Forgery("header \(name): \(value ?? "missing")", refusal) { try $0.sign($0.header([name: value])) }
    }
  }

  /// Signed by the right key, with one claim changed.
  static func claim(_ name: String, _ values: [String?], _ refusal: TokenRefusal) -> [Forgery] {
    values.map { value in
      Forgery("claim \(name): \(value ?? "missing")", refusal) { try $0.sign(nil, $0.payload([name: value])) }
    }
  }

  /// Signed by the right key, with this text in place of the payload.
  static func payload(_ name: String, _ bytes: [UInt8]) -> Forgery {
    Forgery(name, .malformed) { try Mint.sign(Array($0.header().utf8), bytes, $0.keys[0].material) }
  }

  /// A valid token of which one part was rewritten after signing.
  static func rewritten(_ name: String, _ refusal: TokenRefusal, _ change: @escaping @Sendable ([String]) -> String)
    -> Forgery
  {
    Forgery(name, refusal) { change(try $0.sign().parts) }
  }
}
