package import Synchronization

/// While PostgreSQL is away, one worker probes and all others fail at once. Its two words lie in the memory that all
/// workers share.
package struct Breaker: @unchecked Sendable {
  package enum Admission: Equatable {
    case closed  // PostgreSQL answers, as far as is known
    case probe  // it is this worker's turn to try
    case open(retryAfterMilliseconds: Int)
  }

  private let opensUntil: UnsafeMutablePointer<Atomic<UInt64>>
  private let failures: UnsafeMutablePointer<Atomic<UInt64>>

  static let shortestMilliseconds = 50.0
  static let longestMilliseconds = 1000.0
  static let probeMilliseconds: UInt64 = 1000

  package init(words: UnsafeMutablePointer<Atomic<UInt64>>) {
    opensUntil = words
    failures = words + 1
  }

  package func admit() -> Admission {
    let until = opensUntil.pointee.load(ordering: .relaxed)
    if until == 0 { return .closed }
    let now = monotonicNanoseconds() / 1_000_000
    // A time further away than any pause is left over from before the last boot.
    if until > now && until - now <= UInt64(Self.longestMilliseconds * 2) {
      return .open(retryAfterMilliseconds: Int(until - now))
    }
    let mine = opensUntil.pointee.compareExchange(
      expected: until, desired: now + Self.probeMilliseconds, ordering: .relaxed)
    return mine.exchanged ? .probe : .open(retryAfterMilliseconds: Int(Self.probeMilliseconds))
  }

  package func succeeded() {
    failures.pointee.store(0, ordering: .relaxed)
    opensUntil.pointee.store(0, ordering: .relaxed)
  }

  package func failed() {
    let count = failures.pointee.add(1, ordering: .relaxed).newValue
    let pause = backoffMilliseconds(
      attempt: Int(min(count, 16)), shortest: Self.shortestMilliseconds, longest: Self.longestMilliseconds)
    opensUntil.pointee.store(monotonicNanoseconds() / 1_000_000 + UInt64(pause), ordering: .relaxed)
  }
}

/// Pauses that double, with jitter, so that workers do not return all at once.
func backoffMilliseconds(attempt: Int, shortest: Double, longest: Double) -> Double {
  var pause = shortest
  for _ in 1..<max(1, attempt) where pause < longest { pause *= 2 }
  return min(pause, longest) * Double.random(in: 0.5...1)
}
