internal import Glibc
package import Synchronization

/// Passwords that were verified a short while ago: signing in with one again needs no hash.
///
/// An entry is an HMAC of the password and of the account it was right for: the stored hash, whose salt makes it one
/// user's, and that user's role, state and generation. Each sign-in reads these from the database, so a change of any of
/// them invalidates the entry in every worker. The key is made with the memory and never leaves it. A hit is faster than
/// a hash, but only the right password hits; wrong ones and unknown names cost what they always did.
package final class VerifiedPasswords: @unchecked Sendable {
  private let words: UnsafeMutablePointer<Atomic<UInt64>>
  /// Keeps the words mapped; nil if this object owns them.
  private let owner: AnyObject?
  private let digest: KeyedDigest
  private let seconds: @Sendable () -> Int

  /// An entry is valid for so long. A hit does not renew it, so every password is hashed now and then.
  package static let holdsSeconds = 600
  /// The most entries. Each may lie in one of four places, and a new one replaces the oldest of these.
  package static let entryCount = places * 4
  private static let places = 16_384
  /// So many guesses in a minute may be compared without being hashed or noted as wrong.
  private static let unhashedGuesses = 10

  private enum Layout {
    /// Eight words before it are reserved for the owner of the memory.
    static let key = 8
    static let guesses = 64
    static let guessCount = 4096
    static let entries = guesses + guessCount
    /// Three words of the HMAC, and the time of the entry.
    static let entryWords = 4
  }
  package static let wordCount = Layout.entries + entryCount * Layout.entryWords

  /// Over shared memory that `fill` has prepared.
  package init(
    words: UnsafeMutablePointer<Atomic<UInt64>>, owner: AnyObject?,
    seconds: @escaping @Sendable () -> Int = { VerifiedPasswords.secondsSinceBoot }
  ) {
    self.words = words
    self.owner = owner
    self.seconds = seconds
    digest = KeyedDigest(
      key: (Layout.key..<Layout.key + 4).flatMap { place in
        withUnsafeBytes(of: words[place].load(ordering: .relaxed)) { Array($0) }
      })
  }

  /// Over memory of its own.
  package convenience init(seconds: @escaping @Sendable () -> Int = { VerifiedPasswords.secondsSinceBoot }) {
    let memory = calloc(Self.wordCount, 8)!.bindMemory(to: Atomic<UInt64>.self, capacity: Self.wordCount)
    Self.fill(memory)
    self.init(words: memory, owner: nil, seconds: seconds)
  }

  deinit { if owner == nil { free(words) } }

  /// Puts a new key into fresh memory.
  package static func fill(_ words: UnsafeMutablePointer<Atomic<UInt64>>) {
    let key = Random.bytes(32)
    for word in 0..<4 { words[Layout.key + word].store(key.word(word), ordering: .relaxed) }
  }

  private static var secondsSinceBoot: Int {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return time.tv_sec
  }

  /// `account` is all that the password is right for, as one text in which every part but the last ends with a NUL.
  package func covers(_ password: String, of account: String) -> Bool {
    let tag = tag(password, account)
    let now = seconds()
    return tag.places.contains { place in
      let age = now - madeAt(place)
      // All words are compared, so that the time reveals nothing.
      return age >= 0 && age < Self.holdsSeconds
        && (0..<3).reduce(UInt64(0)) { $0 | words[place + $1].load(ordering: .acquiring) ^ tag.words[$1] } == 0
    }
  }

  /// Two workers that write one place at once may leave words of both there, which match no password.
  package func note(_ password: String, of account: String) {
    let tag = tag(password, account)
    let place = tag.places.min { madeAt($0) < madeAt($1) }!
    words[place + 3].store(0, ordering: .releasing)
    for word in 0..<3 { words[place + word].store(tag.words[word], ordering: .releasing) }
    words[place + 3].store(UInt64(seconds()) + 1, ordering: .releasing)
  }

  /// Wipes entries that are no longer valid. It reads all places, so call it when idle.
  package func forgetOld() {
    let now = seconds()
    for place in stride(from: Layout.entries, to: Self.wordCount, by: Layout.entryWords)
    where words[place + 3].load(ordering: .relaxed) != 0 && now - madeAt(place) >= Self.holdsSeconds {
      for word in 0..<4 { words[place + word].store(0, ordering: .relaxed) }
    }
  }

  /// Less than any time if the place is empty.
  private func madeAt(_ place: Int) -> Int { Int(words[place + 3].load(ordering: .acquiring)) - 1 }

  private func tag(_ password: String, _ account: String) -> (places: StrideTo<Int>, words: [UInt64]) {
    var message = Array(account.utf8) + [0] + Array(password.utf8)
    defer { message.wipe() }
    let digest = digest(message)
    let first = Layout.entries + Int(digest.word(3) % UInt64(Self.places)) * 4 * Layout.entryWords
    return (
      places: stride(from: first, to: first + 4 * Layout.entryWords, by: Layout.entryWords),
      words: (0..<3).map(digest.word)
    )
  }

  /// Whether a password may be compared with verified ones although there is no time to hash it. A wrong password then
  /// looks like one that was never verified, so it cannot be noted as a failure; this limit replaces that.
  package func mayGuess(_ subject: String) -> Bool {
    let word = words[guesses(subject)].load(ordering: .relaxed)
    return word >> 32 != minute || word & 0xFFFF_FFFF < Self.unhashedGuesses
  }

  package func noteGuess(_ subject: String) {
    let place = guesses(subject)
    let word = words[place].load(ordering: .relaxed)
    words[place].store(word >> 32 == minute ? word + 1 : minute << 32 | 1, ordering: .relaxed)
  }

  /// After the right password, earlier attempts were no guesses.
  package func forgetGuesses(_ subject: String) { words[guesses(subject)].store(0, ordering: .relaxed) }

  private var minute: UInt64 { UInt64(seconds() / 60) & 0xFFFF_FFFF }

  private func guesses(_ subject: String) -> Int {
    Layout.guesses + Int(digest(Array(subject.utf8)).word(0) % UInt64(Layout.guessCount))
  }
}

extension [UInt8] {
  fileprivate func word(_ index: Int) -> UInt64 {
    withUnsafeBytes { $0.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self) }
  }
}
