import FoundationEssentials
import Support
import Synchronization

/// A movement that a customer wants, under a key for repeating the request.
struct Wish: Sendable {
  enum What: Sendable {
    case send(to: String, amount: Int)
    case buy(String, quantity: Int)
  }

  let owner: Int
  let what: What
  /// Which of the two equivalent routes to use.
  let isMerch: Bool
  let key = UUID().uuidString.lowercased()

  var request: (method: String, path: String, body: String) {
    switch (what, isMerch) {
    case (.send(let name, let amount), true):
      ("POST", "/api/sendCoin", #"{"toUser":"\#(name)","amount":\#(amount)}"#)
    case (.send(let name, let amount), false):
      ("POST", "/api/v1/transfers", #"{"to_user":"\#(name)","amount":\#(amount)}"#)
    case (.buy(let item, _), true):
      ("GET", "/api/buy/\(item)", "")
    case (.buy(let item, let quantity), false):
      ("POST", "/api/v1/purchases", #"{"item":"\#(item)","quantity":\#(quantity)}"#)
    }
  }
}

/// An answer that decides whether the wish came true: 503, or half an answer, does not.
struct Told: Sendable, Equatable {
  let status: Int
  let body: String

  init?(_ answer: HTTPAnswer) {
    let isWhole = answer.header("Content-Length") == String(answer.content.count)
    guard isWhole, [200, 201, 400, 404, 409].contains(answer.status) else { return nil }
    (status, body) = (answer.status, answer.body)
  }

  var isDone: Bool { status < 300 }
}

/// All wishes and their answers: the first definite answer counts, and every later one must be the same.
final class Wishes: Sendable {
  struct Entry: Sendable {
    let wish: Wish
    var asked = 0
    var told: Told?
    /// The numbers of successful answers without and with the mark of a replay.
    var fresh = 0
    var replayed = 0
  }

  struct State: Sendable {
    var entries: [Entry] = []
    var statuses: [Int: Int] = [:]
    var definite = 0
    /// Contradictory answers, in words.
    var contradictions: [String] = []
  }

  private let guarded = Mutex(State())

  var state: State { guarded.withLock { $0 } }
  var definite: Int { guarded.withLock { $0.definite } }

  /// The wishes without a definite answer.
  var undecided: [Int] { guarded.withLock { state in state.entries.indices.filter { state.entries[$0].told == nil } } }

  func isDecided(_ number: Int) -> Bool { guarded.withLock { $0.entries[number].told != nil } }

  func add(_ wish: Wish) -> Int {
    guarded.withLock { state in
      state.entries.append(Entry(wish: wish))
      return state.entries.count - 1
    }
  }

  /// An earlier wish. The latest ones are often being repeated by another thread at this moment.
  func earlier(_ random: inout Seeded) -> Int? {
    guarded.withLock { state in
      let all = state.entries.indices
      return (Bool.random(using: &random) ? all : all.suffix(16)).randomElement(using: &random)
    }
  }

  func ask(_ number: Int, by asking: (Wish) throws -> HTTPAnswer) rethrows {
    let wish = guarded.withLock { state in
      state.entries[number].asked += 1
      return state.entries[number].wish
    }
    let answer = try asking(wish)
    guarded.withLock { state in
      state.statuses[answer.status, default: 0] += 1
      guard let told = Told(answer) else { return }
      state.definite += 1
      if let problem = state.entries[number].take(told, isReplay: answer.header("Idempotent-Replayed") == "true") {
        state.contradictions.append("\(wish.key): \(problem)")
      }
    }
  }
}

extension Wishes.Entry {
  /// Describes the contradiction between this answer and earlier ones; nil if there is none.
  fileprivate mutating func take(_ new: Told, isReplay: Bool) -> String? {
    if isReplay { replayed += 1 } else if new.isDone { fresh += 1 }
    let first = told ?? new
    told = first
    if new != first { return "\(new.status) \(new.body), and before \(first.status) \(first.body)" }
    if fresh > 1 { return "twice it was done just now" }
    if isReplay && asked == 1 { return "a replay of what was asked once" }
    return nil
  }
}
