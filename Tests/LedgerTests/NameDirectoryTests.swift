import Glibc
import Ledger
import Support
import Synchronization
import Testing

@Suite(.tiers(.unit))
struct NameDirectoryTests {
  private func name(_ purse: Int, in directory: NameDirectory) -> String? {
    var text: [UInt8] = []
    return directory.append(purse, to: &text) ? String(decoding: text, as: UTF8.self) : nil
  }

  private func keep(_ names: [Int: String], in directory: NameDirectory) {
    directory.keep(names.mapValues { Array($0.utf8) }, of: directory.changes)
  }

  @Test func `a name is found under its purse and no other, until it is forgotten`() {
    let directory = NameDirectory()
    keep([1000: "\"anna\"", 1001: "\"\""], in: directory)
    #expect(name(1000, in: directory) == "\"anna\"")
    #expect(name(1001, in: directory) == "\"\"")
    #expect(name(1002, in: directory) == nil)
    keep([1000: "\"anna-maria\""], in: directory)
    #expect(name(1000, in: directory) == "\"anna-maria\"")
    directory.forget([1000, 1002])
    #expect(name(1000, in: directory) == nil)
    #expect(name(1001, in: directory) == "\"\"")
  }

  @Test func `a name that was read before a change is not kept`() {
    let directory = NameDirectory()
    let changes = directory.changes
    directory.forget([])
    directory.keep([1000: Array("\"old\"".utf8)], of: changes)
    #expect(name(1000, in: directory) == nil)
  }

  @Test func `names of another database are forgotten, and those of the same one stay`() {
    let directory = NameDirectory()
    directory.belong(to: -7)
    keep([1000: "\"anna\"", 1001: "\"boris\""], in: directory)
    directory.belong(to: -7)
    #expect(name(1000, in: directory) == "\"anna\"")
    let changes = directory.changes
    directory.belong(to: 8)
    #expect(name(1000, in: directory) == nil)
    #expect(name(1001, in: directory) == nil)
    directory.keep([1000: Array("\"anna\"".utf8)], of: changes)
    #expect(name(1000, in: directory) == nil)
  }

  @Test func `a name has at most 48 bytes here`() {
    let directory = NameDirectory()
    let (longest, longer) = (String(repeating: "a", count: 48), String(repeating: "b", count: 49))
    keep([1000: longest, 1001: longer], in: directory)
    #expect(name(1000, in: directory) == longest)
    #expect(name(1001, in: directory) == nil)
  }

  @Test func `more names than there is room for replace others, and none is ever wrong`() {
    let directory = NameDirectory(wordCount: 16 + 8 * 32)
    keep(Dictionary(uniqueKeysWithValues: (1000..<3000).map { ($0, "\"\($0)\"") }), in: directory)
    let found = (1000..<3000).compactMap { purse in name(purse, in: directory).map { (purse, $0) } }
    #expect(found.count == 32)
    for (purse, name) in found { #expect(name == "\"\(purse)\"") }
  }

  @Test func `a hundred thousand people fit into sixteen megabytes`() {
    let directory = NameDirectory(wordCount: 16 << 17)
    let names = Dictionary(uniqueKeysWithValues: (0..<100_000).map { (1000 + 3 * $0, "\"person \($0)\"") })
    keep(names, in: directory)
    #expect(names.keys.count { name($0, in: directory) != nil } > 98_000)
  }

  /// As a worker leaves it that is killed while it writes.
  @Test func `a slot whose words do not belong together is not found`() throws {
    let count = 16 + 8 * 4
    let words = calloc(count, 8).bindMemory(to: Atomic<UInt64>.self, capacity: count)
    defer { free(words) }
    let directory = NameDirectory(words: words, count: count, owner: words as AnyObject)
    keep([1000: "\"a name of four words\""], in: directory)
    #expect(name(1000, in: directory) != nil)
    for word in 16..<24 {
      let whole = words[word].load(ordering: .relaxed)
      for other in [0, whole ^ 1, whole ^ 1 << 63] where other != whole {
        words[word].store(other, ordering: .relaxed)
        #expect(name(1000, in: directory) == nil, "word \(word)")
      }
      words[word].store(whole, ordering: .relaxed)
    }
    #expect(name(1000, in: directory) != nil)
  }

  @Test func `threads that write and read at once never see a name of another purse`() throws {
    let directory = NameDirectory(wordCount: 16 + 8 * 16)
    let wrong = try onThreads(4) { thread in
      (0..<50_000).count { step in
        let purse = 1000 + (step &* 7 &+ thread) % 40
        let text = "\"\(purse) is a name that takes all of its room\""
        if step % 3 == 0 { keep([purse: text], in: directory) }
        if step % 101 == 0 { directory.forget([purse]) }
        return name(purse, in: directory).map { $0 != text } ?? false
      }
    }
    #expect(wrong == [0, 0, 0, 0])
  }
}
