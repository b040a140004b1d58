internal import Glibc

/// One JSON object a line on file descriptor 2, written with a single call so that workers do not mix.
package struct Log: Sendable {
  package enum Level: Int, CaseIterable, Sendable {
    case debug, info, warning, error
  }

  private let threshold: Level
  private let common: [(String, String)]
  private let descriptor: Int32

  package init(threshold: Level = .info, common: [(String, String)] = [], descriptor: Int32 = 2) {
    self.threshold = threshold
    self.common = common
    self.descriptor = descriptor
  }

  package func callAsFunction(_ level: Level, _ message: String, _ fields: (String, String)...) {
    guard level.rawValue >= threshold.rawValue else { return }
    var line = "{\"time\":\"\(Clock.timestamp)\",\"level\":\"\(level)\",\"message\":"
    line += Self.quoted(message)
    for (name, value) in common + fields { line += ",\(Self.quoted(name)):\(Self.quoted(value))" }
    line += "}\n"
    let bytes = Array(line.utf8)
    // A log that cannot be written has nobody left to tell.
    _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
  }

  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
