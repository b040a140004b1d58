import Support
import Synchronization
import Testing
import Tokens

/// The memory of verified passwords: bounded in number and age, and useless for a wrong password.
@Suite(.tiers(.unit, .security))
struct VerifiedPasswordTests {
  @Test func `only the verified password and account match`() throws {
    let verified = VerifiedPasswords()
    #expect(!verified.covers("correct horse", of: "user\0hash"))
    verified.note("correct horse", of: "user\0hash")
    #expect(verified.covers("correct horse", of: "user\0hash"))
    #expect(!verified.covers("correct horsf", of: "user\0hash"))
    #expect(!verified.covers("", of: "user\0hash"))
    #expect(!verified.covers("correct horse", of: "user\0hash2"))
    #expect(!verified.covers("correct horse", of: "moderator\0hash"))
    // The parts of an entry cannot be divided in another way.
    #expect(!verified.covers("h\0correct horse", of: "user\0has"))
  }

  @Test func `an entry holds for ten minutes, and a hit does not renew it`() throws {
    let clock = Atomic(1000)
    let verified = VerifiedPasswords(seconds: { clock.load(ordering: .relaxed) })
    verified.note("correct horse", of: "anna")
    for seconds in [0, 300, 599] {
      clock.store(1000 + seconds, ordering: .relaxed)
      #expect(verified.covers("correct horse", of: "anna"))
    }
    clock.store(1600, ordering: .relaxed)
    #expect(!verified.covers("correct horse", of: "anna"))
    clock.store(999, ordering: .relaxed)
    #expect(!verified.covers("correct horse", of: "anna"))
  }

  @Test func `old entries are wiped, and the others stay`() throws {
    let memory = Words()
    let clock = Atomic(1000)
    let verified = VerifiedPasswords(words: memory.words, owner: memory, seconds: { clock.load(ordering: .relaxed) })
    let before = memory.used
    verified.note("correct horse", of: "anna")
    clock.store(1300, ordering: .relaxed)
    verified.note("battery staple", of: "anna")
    #expect(memory.used > before)
    clock.store(1600, ordering: .relaxed)
    verified.forgetOld()
    #expect(verified.covers("battery staple", of: "anna"))
    clock.store(1900, ordering: .relaxed)
    verified.forgetOld()
    #expect(memory.used == before)
  }

  @Test func `there are never more entries than places, and the latest is among them`() throws {
    let verified = VerifiedPasswords(seconds: { 1000 })
    let count = VerifiedPasswords.entryCount * 5 / 4
    for number in 0..<count { verified.note("password \(number)", of: "anna") }
    #expect(verified.covers("password \(count - 1)", of: "anna"))
    let kept = (0..<count).filter { verified.covers("password \($0)", of: "anna") }.count
    #expect(kept <= VerifiedPasswords.entryCount)
    #expect(kept > VerifiedPasswords.entryCount / 2)
  }

  @Test func `two workers share entries over the same memory, and with another key none`() throws {
    let memory = Words()
    let workers = (0..<2).map { _ in VerifiedPasswords(words: memory.words, owner: memory) }
    workers[0].note("correct horse", of: "anna")
    #expect(workers[1].covers("correct horse", of: "anna"))
    VerifiedPasswords.fill(memory.words)
    let other = VerifiedPasswords(words: memory.words, owner: memory)
    #expect(!other.covers("correct horse", of: "anna"))
  }

  @Test(.tiers(.concurrency)) func `workers that write one place at once cause no hit for anybody else`() throws {
    let verified = VerifiedPasswords()
    _ = try onThreads(4) { thread in
      for number in 0..<2000 { verified.note("\(thread) \(number % 50)", of: "anna") }
    }
    for number in 0..<5000 { #expect(!verified.covers("wrong \(number)", of: "anna")) }
    for thread in 0..<4 { #expect(verified.covers("\(thread) 49", of: "anna")) }
  }

  @Test func `guesses without a hash are limited per minute, for each user separately`() throws {
    let clock = Atomic(600)
    let verified = VerifiedPasswords(seconds: { clock.load(ordering: .relaxed) })
    for _ in 0..<10 {
      #expect(verified.mayGuess("anna"))
      verified.noteGuess("anna")
    }
    #expect(!verified.mayGuess("anna"))
    #expect(verified.mayGuess("boris"))
    verified.forgetGuesses("anna")
    for _ in 0..<10 {
      #expect(verified.mayGuess("anna"))
      verified.noteGuess("anna")
    }
    #expect(!verified.mayGuess("anna"))
    clock.store(660, ordering: .relaxed)
    #expect(verified.mayGuess("anna"))
  }
}

/// Memory as a pool has it.
private final class Words {
  let words = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: VerifiedPasswords.wordCount)

  init() {
    for word in 0..<VerifiedPasswords.wordCount { (words + word).initialize(to: Atomic(0)) }
    VerifiedPasswords.fill(words)
  }

  deinit { words.deallocate() }

  /// The number of words that are not zero.
  var used: Int {
    var count = 0
    for word in 0..<VerifiedPasswords.wordCount where words[word].load(ordering: .relaxed) != 0 { count += 1 }
    return count
  }
}
