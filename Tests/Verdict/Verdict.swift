internal import FoundationEssentials
internal import Glibc

/// Sums up the logs of a run of bin/test: Verdict FOLDER [LEAST]. With LEAST, that percentage of the lines of Sources
/// must be covered, according to llvm-cov's report in FOLDER/coverage.txt. bin/test prints its last line.
@main
enum Verdict {
  static func main() {
    let arguments = CommandLine.arguments
    let folder = arguments[1]
    var (passed, failed) = (0, 0)
    func add(_ count: (passed: Int, failed: Int)) { (passed, failed) = (passed + count.passed, failed + count.failed) }
    for name in ["rooms", "end-to-end"] {
      if let log = text(folder + "/\(name).log") { add(tests(log)) }
    }
    if let log = text(folder + "/fuzz.log") { add(fuzzers(log)) }
    if arguments.count > 2, let least = Double(arguments[2]) {
      if !isCovered(text(folder + "/coverage.txt") ?? "", atLeast: least) { failed += 1 }
    }
    print("\(passed) passed, \(failed) failed")
    exit(failed == 0 ? 0 : 1)
  }

  private static func text(_ path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The numbers in the closing line of `swift test`, which is missing after a crash. Skipped tests do not count as
  /// passed.
  private static func tests(_ log: String) -> (passed: Int, failed: Int) {
    let lines = log.split(separator: "\n")
    guard let end = lines.last(where: { $0.contains(/Test run with [0-9]+ tests?/) }),
      let count = end.firstMatch(of: /Test run with ([0-9]+)/).flatMap({ Int($0.1) })
    else {
      print(lines.suffix(40).joined(separator: "\n") + "\nthe tests broke off.")
      return (0, 1)
    }
    let skipped = lines.count { $0.hasPrefix("➜ Test ") && !$0.hasPrefix("➜ Test run") && $0.contains(" skipped") }
    var failed = lines.count { $0.contains(/^✘ Test (".*"|.*\(\)) .*failed after/) }
    let passed = max(0, count - skipped - failed)
    if !end.contains("passed") { failed = max(failed, 1) }
    return (passed, failed)
  }

  /// Each fuzzer counts as a test.
  private static func fuzzers(_ log: String) -> (passed: Int, failed: Int) {
    let passed = log.split(separator: "\n").count { $0.hasSuffix(" inputs and no crash") }
    let found = log.firstMatch(of: /these fuzzers found something: ([^\n]*)/).map { $0.1.split(separator: " ").count }
    return (passed, found ?? (passed == 0 ? 1 : 0))
  }

  /// The last columns are regions, functions, lines and branches; for lines there are count, missed and cover.
  private static func isCovered(_ report: String, atLeast least: Double) -> Bool {
    let rows = report.split(separator: "\n").map { $0.split(separator: " ") }
    guard let total = rows.first(where: { $0.first == "TOTAL" }), total.count > 9,
      let lines = Double(total[7]), let missed = Double(total[8])
    else {
      print("there is no report of what is covered.")
      return false
    }
    let covered = (1000 * (1 - missed / lines)).rounded() / 10
    print("Line coverage of Sources: \(covered) % (at least \(least) % is asked for)")
    if covered >= least { return true }
    let files = rows.filter {
      $0.count > 9 && $0[9].hasSuffix("%") && ($0[0].hasSuffix(".swift") || $0[0].hasSuffix(".c"))
    }
    let worst = files.map { (share: Double($0[9].dropLast()) ?? 0, file: $0[0]) }.sorted { $0.share < $1.share }
    for row in worst.prefix(15) { print("\(row.share) % \(row.file)") }
    return false
  }
}
