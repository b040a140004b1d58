internal import Glibc

/// The result of one round of one load. A figure that the load does not have is zero.
struct Sample {
  var perSecond = 0.0
  var p50 = 0.0
  var p99 = 0.0
  /// Processor time of the workers for each request.
  var cpuMicroseconds = 0.0
  var nginxMicroseconds = 0.0
  var databaseMicroseconds = 0.0
  /// Of the largest worker; in --peers, of all processes of the server together.
  var privateMiB = 0.0
  var count = 0
  var refused = 0
}

/// The rounds of all loads, by the name of the load.
typealias Rounds = [String: [Sample]]

extension Rounds {
  mutating func add(_ sample: Sample, to name: String) { self[name, default: []].append(sample) }
}

extension [Sample]? {
  func median(_ figure: KeyPath<Sample, Double>) -> Double {
    let sorted = (self ?? []).map { $0[keyPath: figure] }.sorted()
    guard !sorted.isEmpty else { return .nan }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  /// The range from the worst round to the best, in per cent of the median.
  func spread(_ figure: KeyPath<Sample, Double> = \.perSecond) -> String {
    let all = (self ?? []).map { $0[keyPath: figure] }
    guard let least = all.min(), let most = all.max() else { return "–" }
    return text((most - least) * 100 / median(figure), 0) + " %"
  }
}

/// The value below which this share of the values lies.
func percentile(_ values: [Double], _ share: Double) -> Double {
  values.isEmpty ? 0 : values.sorted()[Int((share * Double(values.count)).rounded(.up)) - 1]
}

/// With this many digits after the decimal point.
func text(_ value: Double, _ digits: Int) -> String {
  var buffer = [CChar](repeating: 0, count: 64)
  _ = withVaList([Int32(digits), value]) { vsnprintf(&buffer, buffer.count, "%.*f", $0) }
  return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Rounded, so that the printed figure decides whether a target is met.
func ratio(_ one: Double, _ other: Double) -> Double { (one / other * 100).rounded() / 100 }

/// A table in Markdown, its first column to the left and the figures to the right.
struct Table {
  private var rows: [[String]]

  init(_ head: String...) { rows = [head] }

  mutating func row(_ cells: String...) { rows.append(cells) }

  func show() {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max()! }
    func line(_ cells: [String]) -> String {
      let padded = cells.indices.map { column in
        let blank = String(repeating: " ", count: widths[column] - cells[column].count)
        return column == 0 ? cells[column] + blank : blank + cells[column]
      }
      return "| " + padded.joined(separator: " | ") + " |"
    }
    let rule = widths.enumerated().map { String(repeating: "-", count: $1 + 1) + ($0 == 0 ? "-" : ":") }
    say("\n" + line(rows[0]) + "\n|" + rule.joined(separator: "|") + "|")
    for row in rows.dropFirst() { say(line(row)) }
    say("")
  }
}

/// A target for the figures, and the amount by which it was missed.
final class Targets {
  private(set) var missed = 0

  enum Relation: String {
    case atLeast = ">=", atMost = "<=", equal = "=="
  }

  func want(_ what: String, _ value: Double, _ relation: Relation, _ limit: Double) {
    let holds =
      switch relation {
      case .atLeast: value >= limit
      case .atMost: value <= limit
      case .equal: value == limit
      }
    if !holds { missed += 1 }
    func short(_ value: Double) -> String { value == value.rounded() ? text(value, 0) : text(value, 2) }
    say("- \(what): \(short(value)), wanted \(relation.rawValue) \(short(limit)): \(holds ? "holds" : "does not hold")")
  }
}
