import Support

/// Prometheus' text format, parsed strictly: text that a scraper would merely tolerate is an error here.
struct PrometheusText {
  struct Sample {
    let name: String
    let labels: [(name: String, value: String)]
    let value: Double

    func label(_ name: String) -> String? { labels.first { $0.name == name }?.value }
    var others: [String] { labels.filter { $0.name != "le" }.map { "\($0.name)=\($0.value)" } }
    var identity: String { "\(name) \(labels.map { "\($0.name)=\($0.value)" }.sorted())" }
  }

  struct Family {
    let name: String
    let kind: String
    var help: String?
    var samples: [Sample] = []
  }

  private(set) var families: [Family] = []
  private var seen: Set<String> = []
  /// The name and the text of a HELP line, whose TYPE line comes next.
  private var pending: (name: String, text: String)?

  init(_ text: String) throws {
    guard text.utf8.last == UInt8(ascii: "\n") else { throw Failure("no line end at the end") }
    for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("# TYPE ") {
        try begin(line)
      } else if line.hasPrefix("# HELP ") {
        try help(line)
      } else {
        try add(Self.sample(line))
      }
    }
    for family in families where family.kind == "histogram" { try Self.check(histogram: family) }
  }

  /// The value of the one sample of that name that has at least these labels.
  func value(_ name: String, _ labels: (String, String)...) throws -> Double {
    let found = families.flatMap(\.samples).filter { sample in
      sample.name == name && labels.allSatisfy { sample.label($0.0) == $0.1 }
    }
    guard found.count == 1 else { throw Failure("\(found.count) samples of \(name) \(labels)") }
    return found[0].value
  }

  private mutating func begin(_ line: Substring) throws {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 4, ["counter", "gauge", "histogram"].contains(words[3]), Self.isName(words[2]) else {
      throw Failure("bad type: \(line)")
    }
    guard !families.contains(where: { $0.name == words[2] }) else { throw Failure("\(words[2]) comes twice") }
    guard pending == nil || pending?.name == String(words[2]) else { throw Failure("\(words[2]) has another's help") }
    families.append(Family(name: String(words[2]), kind: String(words[3]), help: pending?.text))
    pending = nil
  }

  private mutating func help(_ line: Substring) throws {
    let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
    guard words.count == 4, !words[3].isEmpty, Self.isName(words[2]), pending == nil else {
      throw Failure("bad help: \(line)")
    }
    pending = (String(words[2]), String(words[3]))
  }

  private mutating func add(_ sample: Sample) throws {
    guard let family = families.last, pending == nil else { throw Failure("a sample before its type") }
    let names =
      family.kind == "histogram" ? ["_bucket", "_sum", "_count"].map { family.name + $0 } : [family.name]
    guard names.contains(sample.name) else { throw Failure("\(sample.name) stands among \(family.name)") }
    guard seen.insert(sample.identity).inserted else { throw Failure("\(sample) comes twice") }
    if family.kind != "gauge" && sample.value < 0 { throw Failure("\(sample) is negative") }
    families[families.count - 1].samples.append(sample)
  }

  private static func sample(_ line: Substring) throws -> Sample {
    guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else {
      throw Failure("no value: \(line)")
    }
    let series = line[..<space]
    guard let brace = series.firstIndex(of: "{") else {
      guard isName(series) else { throw Failure("bad name: \(line)") }
      return Sample(name: String(series), labels: [], value: value)
    }
    guard isName(series[..<brace]), series.last == "}" else { throw Failure("bad name: \(line)") }
    let labels = try labels(series[series.index(after: brace)...].dropLast())
    guard Set(labels.map(\.name)).count == labels.count else { throw Failure("a label comes twice: \(line)") }
    return Sample(name: String(series[..<brace]), labels: labels, value: value)
  }

  private static func labels(_ text: Substring) throws -> [(name: String, value: String)] {
    var labels: [(name: String, value: String)] = []
    var rest = text
    while !rest.isEmpty {
      guard let match = rest.prefixMatch(of: /([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(,(?!$)|$)/) else {
        throw Failure("bad labels: \(text)")
      }
      labels.append((String(match.1), String(match.2)))
      rest = rest[match.range.upperBound...]
    }
    return labels
  }

  private static func isName(_ text: Substring) -> Bool { text.wholeMatch(of: /[a-z_][a-z0-9_]*/) != nil }

  private static func check(histogram family: Family) throws {
    for (labels, samples) in Dictionary(grouping: family.samples, by: \.others) {
      let buckets = samples.filter { $0.name.hasSuffix("_bucket") }
      let bounds = buckets.map { $0.label("le") == "+Inf" ? .infinity : $0.label("le").flatMap(Double.init) ?? .nan }
      let counts = buckets.map(\.value)
      let total = samples.filter { $0.name.hasSuffix("_count") }
      let sum = samples.filter { $0.name.hasSuffix("_sum") }
      guard total.count == 1, sum.count == 1, bounds.last == .infinity, counts.last == total[0].value,
        zip(bounds, bounds.dropFirst()).allSatisfy(<), zip(counts, counts.dropFirst()).allSatisfy(<=)
      else { throw Failure("\(family.name) \(labels) is no histogram: \(bounds) \(counts)") }
    }
  }
}
