import Notation
import Support
import Testing

@Suite(.tiers(.unit, .security))
struct JSONFuzzTests {
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func `printed JSON is read back the same`(seed: UInt64) throws {
    var generator = Seeded(seed)
    for _ in 0..<60 {
      let value = random(depth: 0, &generator)
      var text: [UInt8] = []
      print(value, &text, &generator)
      let read = try JSON(parsing: text)
      #expect(canonical(read) == canonical(value), "\(String(decoding: text, as: UTF8.self))")
      #expect(canonical(try JSON(parsing: value.bytes)) == canonical(value))
    }
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func `any input is read, or refused with the place`(seed: UInt64) throws {
    var generator = Seeded(seed)
    let seeds = [
      #"{"user":"Аня","n":-1.5e3,"ok":[true,null,"\ud83d\ude00\n"]}"#, #"[[],{},{"a":{"b":[0,-0,1e9]}}]"#,
      #""\u0041\\\"""#, #"{"toUser":"bob","amount":9223372036854775807}"#,
    ].map { Array($0.utf8) }
    var counts = (read: 0, refused: 0)
    for _ in 0..<3000 {
      let bytes = mutated(seeds.randomElement(using: &generator)!, &generator)
      do throws(JSONError) {
        let value = try JSON(parsing: bytes)
        // Accepted JSON means the same when it is printed plainly.
        #expect(canonical(try JSON(parsing: canonical(value))) == canonical(value))
        counts.read += 1
      } catch {
        if !error.message.hasPrefix("Invalid JSON at byte ") { Issue.record("\(error) for \(bytes)") }
        counts.refused += 1
      }
    }
    // A fuzzer that meets only one of both tests nothing.
    #expect(counts.read > 100)
    #expect(counts.refused > 1000)
  }

  private func mutated(_ seed: [UInt8], _ generator: inout Seeded) -> [UInt8] {
    var bytes = seed
    let telling = Array("\"\\{}[]:,0-.eE+u \u{1}".utf8) + [0, 0x80, 0xC0, 0xED, 0xFF]
    for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1: bytes[place] = telling.randomElement(using: &generator)!
      case 2: bytes.insert(telling.randomElement(using: &generator)!, at: place)
      case 3: bytes.remove(at: place)
      case 4: bytes.removeSubrange(place...)
      default: bytes.insert(contentsOf: bytes[place...].prefix(7), at: place)
      }
    }
    return bytes
  }

  private func random(depth: Int, _ generator: inout Seeded) -> JSON {
    switch Int.random(in: 0..<(depth < 5 ? 8 : 5), using: &generator) {
    case 0: return .null
    case 1: return .bool(.random(using: &generator))
    case 2:
      let wide = Int.random(in: .min ... .max, using: &generator)
      return .integer(wide >> Int.random(in: 0..<64, using: &generator))
    case 3: return .number(["0.5", "-1e9", "1E-7", "18446744073709551616", "-0.0"].randomElement(using: &generator)!)
    case 4: return .string(text(&generator))
    case 5, 6:
      return .array(
        (0..<Int.random(in: 0..<5, using: &generator)).map { _ in random(depth: depth + 1, &generator) })
    default:
      let names = Set((0..<Int.random(in: 0..<5, using: &generator)).map { _ in Array(text(&generator).utf8) })
      return .object(
        names.map { .init(name: String(decoding: $0, as: UTF8.self), value: random(depth: depth + 1, &generator)) })
    }
  }

  private func text(_ generator: inout Seeded) -> String {
    let tops: [UInt32] = [0x20, 0x80, 0x800, 0xD800, 0x1_0000, 0x11_0000]
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0..<8, using: &generator) {
      let code = UInt32.random(in: 1..<tops.randomElement(using: &generator)!, using: &generator)
      text.append(Unicode.Scalar(code) ?? "\u{301}")
    }
    return String(text)
  }

  /// With blanks and escapes wherever JSON allows them.
  private func print(_ value: JSON, _ out: inout [UInt8], _ generator: inout Seeded) {
    func blank(_ out: inout [UInt8]) {
      for _ in 0..<max(0, Int.random(in: -3...2, using: &generator)) {
        out.append([0x20, 0x09, 0x0A, 0x0D].randomElement(using: &generator)!)
      }
    }
    blank(&out)
    switch value {
    case .array(let elements):
      out.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        print(element, &out, &generator)
      }
      blank(&out)
      out.append(UInt8(ascii: "]"))
    case .object(let members):
      out.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        print(.string(member.name), &out, &generator)
        out.append(UInt8(ascii: ":"))
        print(member.value, &out, &generator)
      }
      blank(&out)
      out.append(UInt8(ascii: "}"))
    case .string(let text): out += Spelling.quoted(text, escaping: { _ in Bool.random(using: &generator) })
    default: out += canonical(value)
    }
    blank(&out)
  }

  private func canonical(_ value: JSON) -> [UInt8] { Spelling.plain(value) }
}
