internal import FoundationEssentials

package enum Kind: String, CaseIterable {
  case probes, loginStorm = "login-storm", signIns = "sign-ins", shop, inventory, field, ledger, peers
}

package struct UsageError: Error, CustomStringConvertible {
  package let description: String
}

/// The options on the command line.
package struct Options {
  package var kind = Kind.probes
  package var check = false
  package var seconds = 5
  package var rounds = 5
  var connections = 32
  var workers = 8
  var authWorkers = 6
  var authNice = 5
  package var people = 100_000
  var many = 0
  var postings = 1_000_000
  var fieldUsers = 200
  var fieldSeconds = 300
  var clients = 8
  /// The file for the graph.
  package var svg: String?

  static let usage = """
    usage: bin/bench [--seconds S] [--rounds N] [--connections N] [--workers N] [--check]
           bin/bench --login-storm [the same] [--auth-workers N] [--auth-nice N]
           bin/bench --sign-ins [the same]
           bin/bench --shop [the same] [--people N] [--many N]
           bin/bench --inventory [the same] [--postings N]
           bin/bench --field [--workers N] [--auth-workers N] [--field-users N] [--field-seconds S]
           bin/bench --ledger [--seconds S] [--rounds N] [--clients N] [--people N] [--check]
           bin/bench --peers [the same] [--people N] [--svg FILE]
    Without a kind: six loads in each round, S seconds each (5 rounds of 5 s), compared with a C worker and pgbench.
    --check: exit with 1 if a target is missed.
    --login-storm: the wait of a request with a token, and of a probe, while N connections sign in without a pause.
    --sign-ins: known people, new names and renewed sessions at fixed rates.
    --shop: /api/info, sendCoin and buy among N people (100000), compared with pgbench; --many: also
    in a second shop with N people (0: no second shop).
    --inventory: an inventory with 500 variants and a history of N postings (1000000), compared with a short history.
    --field: a load script from the field: a ramp to N people (200) in S seconds (300).
    --ledger: transfer and purchase by pgbench, compared with plain SQL without a ledger.
    --peers: the same shop in Go and in C on a plain schema among N people (100000), and that schema alone under
    pgbench, all with as many database connections as workers. It installs Go. --svg: draws the figures.
    TUCKSHOP_BINARY: the executable to measure, instead of building one.
    """

  private static var numbers: [String: WritableKeyPath<Options, Int>] {
    [
      "--seconds": \.seconds, "--rounds": \.rounds, "--connections": \.connections, "--workers": \.workers,
      "--auth-workers": \.authWorkers, "--auth-nice": \.authNice, "--people": \.people, "--many": \.many,
      "--postings": \.postings, "--field-users": \.fieldUsers, "--field-seconds": \.fieldSeconds,
      "--clients": \.clients,
    ]
  }

  /// Nil if help is requested.
  package init?(_ arguments: ArraySlice<String>) throws {
    var words = arguments
    while let word = words.popFirst() {
      if let number = Self.numbers[word] {
        let least = ["--auth-nice", "--many"].contains(word) ? 0 : 1
        guard let value = words.popFirst().flatMap({ Int($0) }), (least...9_999_999).contains(value) else {
          throw UsageError(description: "\(word) needs a whole number from \(least) to 9999999.")
        }
        self[keyPath: number] = value
      } else if word == "--svg" {
        guard let file = words.popFirst() else { throw UsageError(description: "--svg needs a file.") }
        svg = file
      } else if word == "--check" {
        check = true
      } else if word == "--help" || word == "-h" {
        return nil
      } else if word.hasPrefix("--"), let kind = Kind(rawValue: String(word.dropFirst(2))) {
        self.kind = kind
      } else {
        throw UsageError(description: "\(word) is not an option. bin/bench --help lists them.")
      }
    }
    // wrk's two threads need a connection each.
    guard connections >= 2 else { throw UsageError(description: "--connections wants at least 2.") }
    guard postings >= 2000 else {
      throw UsageError(description: "--postings wants at least 2000, or not every variant is a year old.")
    }
  }
}
