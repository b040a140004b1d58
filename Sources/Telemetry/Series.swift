internal import Glibc
internal import Synchronization

/// A place in the shared memory with a name, `tuckshop_requests_total{route="/health"}`, and up to sixteen values.
package struct Series: @unchecked Sendable {
  enum Kind: UInt64 {
    case counter = 1
    case histogram = 2
  }

  static let nameBytes = 15 * 8
  /// Upper bounds in microseconds; a last bucket takes the rest, and behind it stands the sum.
  static let bounds: [UInt64] = [
    500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
  ]

  /// Keeps the words mapped as long as this series may be counted.
  let memory: SharedMemory
  let words: UnsafeMutablePointer<Word>

  var kind: Kind? { Kind(rawValue: words[0].load(ordering: .acquiring)) }
  var values: UnsafeMutablePointer<Word> { words + 16 }

  var name: String {
    let raw = UnsafeRawBufferPointer(start: words + 1, count: Self.nameBytes)
    return String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
  }

  package func add(_ amount: Int = 1) { values[0].add(UInt64(amount), ordering: .relaxed) }

  package func observe(microseconds: UInt64) {
    let bucket = Self.bounds.firstIndex { microseconds <= $0 } ?? Self.bounds.count
    values[bucket].add(1, ordering: .relaxed)
    values[Self.bounds.count + 1].add(microseconds, ordering: .relaxed)
  }

  package var count: Int { Int(values[0].load(ordering: .relaxed)) }
}

extension SharedMemory {
  /// The series of a declared metric, with the values of its labels in their order. Look it up once and keep it.
  package func series(_ metric: KeyPath<Metrics, Metric>, _ values: String...) -> Series {
    let metric = Metrics.declared[keyPath: metric]
    let name = metric.name + metric.labels(values)
    return metric.kind == .histogram ? histogram(name) : counter(name)
  }

  /// By the whole name. A metric of the shop is declared in `Metrics`.
  package func counter(_ name: String) -> Series { series(name, .counter) }
  package func histogram(_ name: String) -> Series { series(name, .histogram) }

  /// In the order in which their names were first used.
  var allSeries: [Series] {
    (0..<Layout.seriesCount).lazy.map(place).prefix { $0.kind != nil }.map { $0 }
  }

  private func place(_ index: Int) -> Series {
    Series(memory: self, words: words + Layout.series + index * Layout.seriesWords)
  }

  private func series(_ name: String, _ kind: Series.Kind) -> Series {
    precondition(name.utf8.count < Series.nameBytes, "the name of a series is too long: \(name)")
    // Padded with zeros, because a killed worker may have left half a name behind.
    let bytes = Array(name.utf8) + Array(repeating: 0, count: Series.nameBytes - name.utf8.count)
    return exclusively {
      for index in 0..<Layout.seriesCount {
        let series = place(index)
        let known = series.kind
        if known == nil {
          memcpy(series.words + 1, bytes, Series.nameBytes)
          series.words[0].store(kind.rawValue, ordering: .releasing)
        } else if known != kind || memcmp(series.words + 1, bytes, Series.nameBytes) != 0 {
          continue
        }
        return series
      }
      // Full memory still counts, but all further series together, in the last place.
      return place(Layout.seriesCount - 1)
    }
  }
}
