internal import Glibc
package import Synchronization

/// The names of the people behind purses, as JSON strings, in memory that all workers of a pool share. So a history of a
/// thousand transfers needs no look-up in PostgreSQL.
///
/// Nothing is locked. A slot begins with a checksum of the rest of it, so one that a killed worker left half written, or
/// that two wrote at once, is simply not found. Whatever has no room replaces something else.
package final class NameDirectory: @unchecked Sendable {
  private let words: UnsafeMutablePointer<Atomic<UInt64>>
  private let setCount: Int
  /// Keeps the words mapped; nil if this object owns them.
  private let owner: AnyObject?

  private enum Layout {
    /// Eight words before it are reserved for the owner of the memory.
    static let changes = 8
    static let database = 9
    static let sets = 16
    /// The checksum; the purse and the length of its name; the name.
    static let slotWords = 8
    static let setSlots = 4
    static let setWords = setSlots * slotWords
  }
  /// Longer ones, in UTF-8 and with their quotation marks, are looked up each time.
  package static let longestName = 48

  /// Over shared memory that began as zeros.
  package init(words: UnsafeMutablePointer<Atomic<UInt64>>, count: Int, owner: AnyObject?) {
    self.words = words
    self.owner = owner
    setCount = (count - Layout.sets) / Layout.setWords
  }

  /// Over memory of its own.
  package convenience init(wordCount: Int = 4096) {
    let words = calloc(wordCount, 8)!.bindMemory(to: Atomic<UInt64>.self, capacity: wordCount)
    self.init(words: words, count: wordCount, owner: nil)
  }

  deinit { if owner == nil { free(words) } }

  /// Appends the name to a text; false if it is not here.
  package func append(_ purse: Int, to text: inout [UInt8]) -> Bool {
    for slot in slots(of: purse) where holds(slot, purse) {
      var entry = SIMD8<UInt64>()
      for word in 0..<Layout.slotWords { entry[word] = words[slot + word].load(ordering: .relaxed) }
      guard let length = Self.length(entry, purse) else { continue }
      withUnsafeBytes(of: entry) { text.append(contentsOf: $0[16..<16 + length]) }
      return true
    }
    return false
  }

  /// Grows whenever names are forgotten. A name that was read before that may be old.
  package var changes: UInt64 { words[Layout.changes].load(ordering: .sequentiallyConsistent) }

  /// Keeps names that were read from the database when `changes` had this value.
  package func keep(_ names: [Int: [UInt8]], of changes: UInt64) {
    for (purse, name) in names where name.count <= Self.longestName && purse >> 56 == 0 && self.changes == changes {
      var entry = SIMD8<UInt64>()
      entry[1] = UInt64(purse) << 8 | UInt64(name.count)
      withUnsafeMutableBytes(of: &entry) { $0[16...].copyBytes(from: name) }
      entry[0] = Self.checksum(entry)
      let slot = slotToFill(with: purse)
      for word in 1..<Layout.slotWords { words[slot + word].store(entry[word], ordering: .relaxed) }
      words[slot].store(entry[0], ordering: .sequentiallyConsistent)
      // A rename that came meanwhile may have looked here too early.
      if self.changes != changes { words[slot].store(0, ordering: .relaxed) }
    }
  }

  package func forget(_ purses: [Int]) {
    words[Layout.changes].add(1, ordering: .sequentiallyConsistent)
    for purse in purses {
      for slot in slots(of: purse) where holds(slot, purse) { words[slot].store(0, ordering: .sequentiallyConsistent) }
    }
  }

  /// Names of another database are forgotten.
  package func belong(to database: Int) {
    let mark = UInt64(bitPattern: Int64(database)) | 1
    guard words[Layout.database].exchange(mark, ordering: .sequentiallyConsistent) != mark else { return }
    forgetAll()
  }

  package func forgetAll() {
    words[Layout.changes].add(1, ordering: .sequentiallyConsistent)
    let end = Layout.sets + setCount * Layout.setWords
    for slot in stride(from: Layout.sets, to: end, by: Layout.slotWords) {
      if words[slot].load(ordering: .relaxed) != 0 { words[slot].store(0, ordering: .sequentiallyConsistent) }
    }
  }

  private func slots(of purse: Int) -> StrideTo<Int> {
    let first = firstSlot(of: purse)
    return stride(from: first, to: first + Layout.setWords, by: Layout.slotWords)
  }

  /// Fibonacci hashing spreads neighbours over all sets.
  private func firstSlot(of purse: Int) -> Int {
    let hash = UInt64(truncatingIfNeeded: purse) &* 0x9E37_79B9_7F4A_7C15
    return Layout.sets + Int(hash.multipliedFullWidth(by: UInt64(setCount)).high) * Layout.setWords
  }

  private func holds(_ slot: Int, _ purse: Int) -> Bool {
    words[slot + 1].load(ordering: .relaxed) >> 8 == UInt64(truncatingIfNeeded: purse)
  }

  /// The one that has it, else one that has nothing, else any.
  private func slotToFill(with purse: Int) -> Int {
    let slots = slots(of: purse)
    return slots.first { holds($0, purse) } ?? slots.first { words[$0].load(ordering: .relaxed) == 0 }
      ?? firstSlot(of: purse) + Int.random(in: 0..<Layout.setSlots) * Layout.slotWords
  }

  /// Nil if the entry is not whole, or of another purse.
  private static func length(_ entry: SIMD8<UInt64>, _ purse: Int) -> Int? {
    let length = Int(entry[1] & 0xFF)
    guard entry[1] >> 8 == UInt64(truncatingIfNeeded: purse), length <= longestName, checksum(entry) == entry[0] else {
      return nil
    }
    return length
  }

  private static func checksum(_ entry: SIMD8<UInt64>) -> UInt64 {
    var sum: UInt64 = 0x2545_F491_4F6C_DD1D
    for word in 1..<Layout.slotWords {
      sum = (sum ^ entry[word]) &* 0xFF51_AFD7_ED55_8CCD
      sum ^= sum >> 32
    }
    // Zero says that a slot is empty.
    return sum | 1
  }
}
