internal import FoundationEssentials

/// Ids that have ended, and until when that matters: 24 bytes each, in sorted arrays short enough for quick insertion. A
/// dictionary took 109 bytes each.
struct EndedIDs {
  struct Entry {
    fileprivate let key: (high: UInt64, low: UInt64)
    /// In seconds since 1970, which 32 bits hold until 2106.
    fileprivate let until: UInt32
    private let word: Int32

    /// Nil for a session or a single token. For a user, tokens of this generation and later ones are valid.
    var generation: Int? { word < 0 ? nil : Int(word) }

    init(_ id: UUID, generation: Int?, until: Int) {
      key = halves(of: id)
      self.until = UInt32(clamping: until)
      word = generation.map { Int32(clamping: $0) } ?? -1
    }
  }

  private var shards: [[Entry]] = Array(repeating: [], count: Self.shardCount)
  private var swept = 0
  package private(set) var count = 0
  private static let shardCount = 1024

  subscript(id: UUID) -> Entry? {
    guard count > 0 else { return nil }
    let key = halves(of: id)
    let shard = shards[Self.shard(of: key.low)]
    let place = Self.place(of: key, in: shard)
    guard place < shard.count, shard[place].key == key else { return nil }
    return shard[place]
  }

  mutating func insert(_ entry: Entry) {
    let number = Self.shard(of: entry.key.low)
    let place = Self.place(of: entry.key, in: shards[number])
    if place < shards[number].count, shards[number][place].key == entry.key {
      shards[number][place] = entry
    } else {
      shards[number].insert(entry, at: place)
      count += 1
    }
  }

  /// Removes expired entries from the next sixteenth of the arrays. Called once a second, it never takes long, and no
  /// entry stays more than a quarter of a minute too long.
  mutating func forgetSome(now: Int) {
    guard count > 0 else { return }
    for _ in 0..<Self.shardCount / 16 {
      swept = (swept + 1) % Self.shardCount
      guard shards[swept].contains(where: { Int($0.until) < now }) else { continue }
      let kept = shards[swept].filter { Int($0.until) >= now }
      count -= shards[swept].count - kept.count
      shards[swept] = kept
    }
  }

  /// The last bits of every id are random.
  private static func shard(of low: UInt64) -> Int { Int(truncatingIfNeeded: low) & (shardCount - 1) }

  /// Its place, or the place to insert it.
  private static func place(of key: (high: UInt64, low: UInt64), in shard: [Entry]) -> Int {
    var (from, to) = (0, shard.count)
    while from < to {
      let middle = (from + to) / 2
      if shard[middle].key < key { from = middle + 1 } else { to = middle }
    }
    return from
  }
}

private func halves(of id: UUID) -> (high: UInt64, low: UInt64) {
  withUnsafeBytes(of: id.uuid) { bytes in
    (
      UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
      UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    )
  }
}
