internal import Glibc

/// The progress of a long command: a bar on a terminal, and nothing in a log.
struct Progress {
  private let total: Int
  private let isShown = isatty(2) == 1
  private var shownPermille = -1

  init(of total: Int) { self.total = total }

  mutating func show(_ done: Int) {
    let permille = total == 0 ? 1000 : done * 1000 / total
    guard isShown, permille != shownPermille else { return }
    shownPermille = permille
    let filled = permille / 25
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 40 - filled)
    let line = Array("\r\(bar) \(done) of \(total)\(done == total ? "\n" : "")".utf8)
    _ = write(2, line, line.count)
  }
}
