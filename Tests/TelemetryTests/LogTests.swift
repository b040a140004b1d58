import Glibc
import Notation
import Support
import Telemetry
import Testing

@Suite(.tiers(.unit))
struct LogTests {
  /// The lines of a log, one for each call of write(2): a datagram socket keeps them apart.
  private func written(
    threshold: Log.Level = .debug, common: [(String, String)] = [], _ body: (Log) -> Void
  ) throws -> [String] {
    var ends: [Int32] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0, &ends) == 0 else { throw Failure("no socket pair") }
    defer { for end in ends { close(end) } }
    body(Log(threshold: threshold, common: common, descriptor: ends[1]))
    var lines: [String] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(ends[0], &buffer, buffer.count, Int32(MSG_DONTWAIT))
      guard count > 0 else { return lines }
      lines.append(String(decoding: buffer[..<count], as: UTF8.self))
    }
  }

  /// The members of the one object in a line.
  private func members(_ line: String) throws -> [(name: String, value: String)] {
    guard line.utf8.last == UInt8(ascii: "\n"), line.utf8.count(where: { $0 == UInt8(ascii: "\n") }) == 1,
      case .object(let members) = try JSON(parsing: Array(line.utf8))
    else { throw Failure("not one object on one line: \(line)") }
    return try members.map { member in
      guard case .string(let text) = member.value else { throw Failure("\(member.name) is no text") }
      return (member.name, text)
    }
  }

  @Test func `a line has time, level, message, common fields and given fields, in that order`() throws {
    let lines = try written(common: [("pool", "app"), ("pid", "7")]) { log in
      log(.warning, "PostgreSQL is away", ("cause", "no route"), ("request_id", "r1"))
    }
    let members = try members(try #require(lines.first))
    #expect(lines.count == 1)
    #expect(members.map(\.name) == ["time", "level", "message", "pool", "pid", "cause", "request_id"])
    #expect(members.dropFirst().map(\.value) == ["warning", "PostgreSQL is away", "app", "7", "no route", "r1"])
    #expect(members[0].value.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil)
  }

  @Test(
    .tiers(.security),
    arguments: [
      "plain", "", "a \"quoted\" word", "back\\slash", "\\\"", "two\nlines", "\r\n", "tab\there", "\u{1}\u{1f}\u{7f}",
      "\u{1b}[31mred\u{1b}[0m", "Аня ☕️ 😀", "\u{2028}\u{2029}\u{85}", "e\u{301}", "\"\u{301}", "\\\u{301}", "\n\u{301}",
      "\",\"level\":\"error", "\"}\n{\"time\":\"", "\u{FEFF}", "\u{FFFF}", "</script>", "%s%n", "\u{202E}gnihton",
    ])
  func `any text becomes one line of JSON`(text: String) throws {
    let lines = try written { $0(.info, text, ("field", text)) }
    let members = try members(try #require(lines.first))
    #expect(lines.count == 1)
    #expect(members.map(\.name) == ["time", "level", "message", "field"])
    #expect(Array(members[2].value.utf8) == Array(text.utf8))
    #expect(Array(members[3].value.utf8) == Array(text.utf8))
  }

  @Test(.tiers(.security)) func `no control character reaches the line, not even NUL`() throws {
    let all = String(String.UnicodeScalarView((0...0x7F).compactMap { Unicode.Scalar($0) }))
    let line = try #require(try written { $0(.info, all, (all, "x")) }.first)
    #expect(line.utf8.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F })
    #expect(line.contains("\\u0000\\u0001"))
  }

  @Test func `a field's name is escaped like its value`() throws {
    let lines = try written { $0(.info, "m", ("na\"me\n", "v")) }
    #expect(try members(try #require(lines.first))[3].name == "na\"me\n")
  }

  @Test(arguments: Log.Level.allCases)
  func `a message below the threshold is not written`(threshold: Log.Level) throws {
    let lines = try written(threshold: threshold) { log in
      for level in Log.Level.allCases { log(level, "\(level)") }
    }
    let levels = try lines.map { try members($0)[1].value }
    #expect(levels == Array(["debug", "info", "warning", "error"][threshold.rawValue...]))
  }

  @Test func `a line is written with one call, however long it is`() throws {
    let text = String(repeating: "я", count: 10_000)
    let lines = try written { log in
      log(.info, text)
      log(.info, "short")
    }
    #expect(lines.count == 2)
    #expect(try members(lines[0])[2].value == text)
  }

  @Test func `a log that cannot be written stops nobody`() {
    Log(descriptor: -1)(.error, "nobody hears this")
  }
}
