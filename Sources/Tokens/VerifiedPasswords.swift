internal import FoundationEssentials
internal import Glibc
package import Synchronization

/// Passwords that were found right a short while ago: who signs in again with one is spared the hash.
///
/// What is kept is an HMAC of the password with all that it was right for: the stored hash, whose salt makes it one
/// user's, and that user's role, state and generation. All of these are read from the database by each sign-in, so whatever changes them drops the entry in
/// every worker, and nobody has to be told. The key is made with the memory and never leaves it. A hit is faster than
/// a hash, and only the right password hits, with which one may sign in anyway; wrong ones and unknown names cost what
/// they always did.
package final class VerifiedPasswords: @unchecked Sendable {
  private let words: UnsafeMutablePointer<Atomic<UInt64>>
  /// Keeps the words mapped; nil if they are this object's own.
  private let owner: AnyObject?
  private let key: [UInt8]
  private let seconds: @Sendable () -> Int

  /// For how long an entry holds. A hit does not renew it, so that everybody's hash is computed now and then.
  package static let holdsSeconds = 600
  /// So many entries at most. Each may lie in one of four places, and a new one takes that of the oldest.
  package static let entryCount = places * 4
  private static let places = 16_384
  /// What may be compared in a minute without being hashed or noted as a wrong guess.
  private static let unhashedGuesses = 10

  private enum Layout {
    /// In front of it are eight words for whoever keeps the memory.
    static let key = 8
    static let guesses = 64
    static let guessCount = 4096
    static let entries = guesses + guessCount
    /// Three words of the HMAC, and when it was made.
    static let entryWords = 4
  }
  package static let wordCount = Layout.entries + entryCount * Layout.entryWords

  /// Over memory that others may share; `fill` has been over it.
  package init(
    words: UnsafeMutablePointer<Atomic<UInt64>>, owner: AnyObject?,
    seconds: @escaping @Sendable () -> Int = { VerifiedPasswords.secondsSinceBoot }
  ) {
    self.words = words
    self.owner = owner
    self.seconds = seconds
    key = (Layout.key..<Layout.key + 4).flatMap { place in
      withUnsafeBytes(of: words[place].load(ordering: .relaxed)) { Array($0) }
    }
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
      // All words are compared: no prefix of a tag tells anything, but it costs nothing to tell even less.
      return age >= 0 && age < Self.holdsSeconds
        && (0..<3).reduce(UInt64(0)) { $0 | words[place + $1].load(ordering: .acquiring) ^ tag.words[$1] } == 0
    }
  }

  /// Two workers that write one place at once may leave words of both there, which is nobody's tag.
  package func note(_ password: String, of account: String) {
    let tag = tag(password, account)
    let place = tag.places.min { madeAt($0) < madeAt($1) }!
    words[place + 3].store(0, ordering: .releasing)
    for word in 0..<3 { words[place + word].store(tag.words[word], ordering: .releasing) }
    words[place + 3].store(UInt64(seconds()) + 1, ordering: .releasing)
  }

  /// Wipes what holds no longer: for a quiet moment.
  package func forgetOld() {
    let now = seconds()
    for place in stride(from: Layout.entries, to: Self.wordCount, by: Layout.entryWords)
    where words[place + 3].load(ordering: .relaxed) != 0 && now - madeAt(place) >= Self.holdsSeconds {
      for word in 0..<4 { words[place + word].store(0, ordering: .relaxed) }
    }
  }

  /// Less than any other if nothing is there.
  private func madeAt(_ place: Int) -> Int { Int(words[place + 3].load(ordering: .acquiring)) - 1 }

  private struct Tag {
    let places: StrideTo<Int>
    let words: [UInt64]
  }

  private func tag(_ password: String, _ account: String) -> Tag {
    var message = Array(account.utf8) + [0] + Array(password.utf8)
    defer { message.wipe() }
    let digest = Digest.hmac(key: key, message)
    let first = Layout.entries + Int(digest.word(3) % UInt64(Self.places)) * 4 * Layout.entryWords
    return Tag(
      places: stride(from: first, to: first + 4 * Layout.entryWords, by: Layout.entryWords),
      words: (0..<3).map(digest.word))
  }

  /// Whether a password may be compared with what was verified although there is no time to hash it. Then a wrong one
  /// is not told from one that was never verified, so it cannot be noted as a failure, and this bound takes its place.
  package func mayGuess(_ subject: String) -> Bool {
    let word = words[guesses(subject)].load(ordering: .relaxed)
    return word >> 32 != minute || word & 0xFFFF_FFFF < Self.unhashedGuesses
  }

  package func noteGuess(_ subject: String) {
    let place = guesses(subject)
    let word = words[place].load(ordering: .relaxed)
    words[place].store(word >> 32 == minute ? word + 1 : minute << 32 | 1, ordering: .relaxed)
  }

  /// Whoever has proved the password was not guessing.
  package func forgetGuesses(_ subject: String) { words[guesses(subject)].store(0, ordering: .relaxed) }

  private var minute: UInt64 { UInt64(seconds() / 60) & 0xFFFF_FFFF }

  private func guesses(_ subject: String) -> Int {
    Layout.guesses + Int(Digest.hmac(key: key, Array(subject.utf8)).word(0) % UInt64(Layout.guessCount))
  }
}

extension [UInt8] {
  fileprivate func word(_ index: Int) -> UInt64 {
    withUnsafeBytes { $0.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self) }
  }
}
