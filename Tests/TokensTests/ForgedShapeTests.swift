import Support
import Testing
import Tokens

/// Tokens that are not a compact JWS of two JSON objects, or that were changed after signing.
@Suite(.tiers(.unit, .security))
struct ForgedShapeTests {
  static let shapes: [Forgery] = [
    .rewritten("nothing", .malformed) { _ in "" },
    .rewritten("one part", .malformed) { $0[0] },
    .rewritten("two parts", .malformed) { $0[0] + "." + $0[1] },
    .rewritten("four parts", .malformed) { ($0 + [$0[2]]).joined(separator: ".") },
    .rewritten("five parts, a JWE", .malformed) { ($0 + $0[1...]).joined(separator: ".") },
    .rewritten("only dots", .malformed) { _ in ".." },
    .rewritten("four dots", .malformed) { _ in "...." },
    // The form is checked before the signature, so each of these is malformed.
    .rewritten("letters and dots", .malformed) { _ in "a.b.c" },
    .rewritten("no signature, and a payload that is no object", .malformed) { "\($0[0]).W10." },
    .rewritten("an empty header", .malformed) { ".\($0[1]).\($0[2])" },
    .rewritten("an empty payload", .malformed) { "\($0[0])..\($0[2])" },
    .rewritten("an empty signature", .badSignature) { "\($0[0]).\($0[1])." },
    .rewritten("a dot in front", .malformed) { "." + $0.joined(separator: ".") },
    .rewritten("a dot behind", .malformed) { $0.joined(separator: ".") + "." },
    .rewritten("padding behind the signature", .badSignature) { "\($0[0]).\($0[1]).\($0[2])=" },
    .rewritten("padding behind the payload", .badSignature) { "\($0[0]).\($0[1])=.\($0[2])" },
    .rewritten("padding behind the header", .malformed) { "\($0[0])==.\($0[1]).\($0[2])" },
    .rewritten("a blank in front", .malformed) { " " + $0.joined(separator: ".") },
    .rewritten("a blank behind", .badSignature) { $0.joined(separator: ".") + " " },
    .rewritten("a line end behind", .badSignature) { $0.joined(separator: ".") + "\n" },
    .rewritten("a line end in the middle", .badSignature) {
      "\($0[0]).\($0[1]).\($0[2].prefix(9))\r\n\($0[2].dropFirst(9))"
    },
    .rewritten("a NUL behind", .badSignature) { $0.joined(separator: ".") + "\u{0}" },
    .rewritten("the scheme in front", .malformed) { "Bearer " + $0.joined(separator: ".") },
    .rewritten("a zero-width blank", .badSignature) { "\($0[0]).\($0[1]).\u{200B}\($0[2])" },
    .rewritten("a combining mark on a dot", .badSignature) { "\($0[0]).\u{301}\($0[1]).\($0[2])" },
    .rewritten("full-width letters", .badSignature) { "\($0[0]).\($0[1]).Ａ\($0[2].dropFirst())" },
    .rewritten("percent-encoded dots", .malformed) { $0.joined(separator: "%2E") },
    .rewritten("the JSON form of a JWS", .malformed) {
      #"{"protected":"\#($0[0])","payload":"\#($0[1])","signature":"\#($0[2])"}"#
    },
    .rewritten("left-over bits behind the signature", .badSignature) { "\($0[0]).\($0[1]).\(bent($0[2]))" },
    .rewritten("the signature cut by a byte", .badSignature) { "\($0[0]).\($0[1]).\(cut($0[2], 31))" },
    .rewritten("the signature cut to a byte", .badSignature) { "\($0[0]).\($0[1]).\(cut($0[2], 1))" },
    .rewritten("a byte behind the signature", .badSignature) {
      "\($0[0]).\($0[1]).\(Base64.url.encode(Base64.url.decode($0[2])! + [0]))"
    },
    .rewritten("zeros for a signature", .badSignature) {
      "\($0[0]).\($0[1]).\(Base64.url.encode(Array(repeating: 0, count: 32)))"
    },
    .rewritten("64 zeros for a signature", .badSignature) {
      "\($0[0]).\($0[1]).\(Base64.url.encode(Array(repeating: 0, count: 64)))"
    },
    .rewritten("the signature in another case", .badSignature) { "\($0[0]).\($0[1]).\(swapped($0[2]))" },
    .rewritten("the header for a signature", .badSignature) { "\($0[0]).\($0[1]).\($0[0])" },
    .rewritten("longer than 4096 bytes", .malformed) {
      $0.joined(separator: ".") + String(repeating: "A", count: 4096)
    },
    .rewritten("a megabyte", .malformed) { _ in String(repeating: "A.", count: 500_000) },
    Forgery("another token's header", .badSignature) {
      let other = try $0.sign($0.header(["x": "1"])).parts
      let parts = try $0.sign().parts
      return "\(other[0]).\(parts[1]).\(parts[2])"
    },
    Forgery("another token's payload", .badSignature) {
      let other = try $0.sign(nil, $0.payload(["sub": quoted("1")])).parts
      let parts = try $0.sign().parts
      return "\(parts[0]).\(other[1]).\(parts[2])"
    },
    Forgery("the dot moved by a letter", .malformed) {
      let parts = try $0.sign().parts
      return "\(parts[0])\(parts[1].prefix(1)).\(parts[1].dropFirst()).\(parts[2])"
    },
    respelt("padding that is signed too", header: "", payload: "="),
    respelt("padding of the header that is signed too", header: "==", payload: ""),
    respelt("a line end that is signed too", header: "", payload: "\n"),
    respelt("a blank that is signed too", header: " ", payload: ""),
    respelt("a letter too many that is signed too", header: "", payload: "A"),
    respelt("another alphabet that is signed too", header: "", payload: "++//"),
    Forgery("left-over bits that are signed too", .malformed) {
      let payload = $0.payload(["x": quoted("")])
      let padding = String(repeating: "p", count: (4 - payload.utf8.count % 3) % 3)
      let padded = $0.payload(["x": quoted(padding)])
      precondition(padded.utf8.count % 3 == 1, "no bits are left over")
      return try signed($0, Base64.url.encode(Array($0.header().utf8)), bent(Base64.url.encode(Array(padded.utf8))))
    },
    Forgery("a refresh token", .malformed) { _ in OpaqueToken().text },
    Forgery("a header that is a list", .malformed) { try $0.sign("[\($0.header())]") },
    Forgery("a header that is no JSON", .malformed) { try $0.sign("header") },
    Forgery("a header in Latin-1", .malformed) {
      try Mint.sign(
        Array($0.header().dropLast().utf8) + Array(#","x":""#.utf8) + [0xE9] + Array(#""}"#.utf8),
        Array($0.payload().utf8), $0.keys[0].material)
    },
  ]

  static let payloads: [Forgery] =
    [
      "", "null", "true", "1", #""text""#, "[]", #"[{"sub":"17"}]"#, "{", "}", #"{"sub""#, #"{"sub":"17"} x"#, "{}{}",
      #"{"sub":"17",}"#, #"{,"sub":"17"}"#, #"{"sub":17"}"#, "{sub:1}", "{'sub':1}", #"{"a":01}"#, #"{"a":1.}"#,
      #"{"a":.5}"#, #"{"a":+1}"#, #"{"a":-}"#, #"{"a":0x1}"#, #"{"a":NaN}"#, #"{"a":1e}"#, #"{"a":nul}"#,
      #"{"a":"\x41"}"#, #"{"a":"\u12"}"#, #"{"a":"\ud800"}"#, #"{"a":"\udc00"}"#, #"{"a":"\ud800\u0041"}"#,
      #"{"a":"\u0000"}"#, "{\"a\":\"\t\"}", "{\"a\":\"\u{0}\"}", #"{"a":"b}"#, #"{"a":1}/**/"#, "\u{FEFF}{}",
      "{\"a\u{0}\":1}", #"{"a" 1}"#, #"{"a":[1,]}"#, #"{"a":[1 2]}"#, #"{"a":[}"#, #"{"a":{]}"#, #"{"a":"\u00é"}"#,
      #"{"x":\#(String(repeating: "[", count: 2000))"#, #"{"x":\#(String(repeating: #"{"x":"#, count: 400))"#,
      #"{"x":\#(String(repeating: "[", count: 32) + String(repeating: "]", count: 32))}"#,
    ].map { text in Forgery.payload("payload \(text.prefix(30))", Array(text.utf8)) }
    + [
      ("a lone continuation byte", [0x80]), ("an overlong slash", [0xC0, 0xAF]), ("a surrogate", [0xED, 0xA0, 0x80]),
      ("a cut character", [0xC3]), ("past the last character", [0xF4, 0x90, 0x80, 0x80]), ("0xFF", [0xFF]),
    ].map { name, bytes in
      Forgery.payload("payload with \(name)", Array(#"{"x":""#.utf8) + bytes + Array(#""}"#.utf8))
    } + [Forgery.payload("payload in UTF-16", Array("{}".utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })]

  @Test(arguments: shapes + payloads)
  func `a misshapen token is refused for its reason`(forgery: Forgery) throws {
    let mint = try Mint()
    let text = try forgery.make(mint)
    #expect(throws: forgery.refusal) { try mint.tokens.verify(text, now: Mint.now) }
  }

  /// Signed correctly, with something after its two parts that does not belong there.
  private static func respelt(_ name: String, header: String, payload: String) -> Forgery {
    Forgery(name, .malformed) {
      try signed(
        $0, Base64.url.encode(Array($0.header().utf8)) + header, Base64.url.encode(Array($0.payload().utf8)) + payload)
    }
  }

  private static func signed(_ mint: Mint, _ header: String, _ payload: String) throws -> String {
    let signature = try mint.keys[0].material.sign(Array("\(header).\(payload)".utf8))
    return "\(header).\(payload).\(Base64.url.encode(signature))"
  }

  /// The last letter has spare bits, which must be zero.
  private static func bent(_ signature: String) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    let digit = alphabet.firstIndex(of: signature.last!)!
    return signature.dropLast() + String(alphabet[digit | 1])
  }

  private static func cut(_ signature: String, _ count: Int) -> String {
    Base64.url.encode(Array(Base64.url.decode(signature)!.prefix(count)))
  }

  /// The last letter stays, so that no spare bits are involved.
  private static func swapped(_ signature: String) -> String {
    String(
      signature.dropLast().map { $0.isLowercase ? Character($0.uppercased()) : Character($0.lowercased()) })
      + String(signature.last!)
  }
}
