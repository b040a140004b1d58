import Support
import Telemetry
import Testing

@Suite(.tiers(.unit))
struct SeriesTests {
  @Test func `a name always leads to the same series`() throws {
    let memory = try SharedMemory()
    let first = memory.counter("apples_total")
    for number in 0..<50 { memory.counter("others_total{number=\"\(number)\"}").add(number) }
    first.add()
    first.add(4)
    #expect(memory.counter("apples_total").count == 5)
    #expect(memory.counter("others_total{number=\"49\"}").count == 49)
  }

  @Test func `a name with a common beginning is another name`() throws {
    let memory = try SharedMemory()
    memory.counter("apples_total{kind=\"red\"}").add(2)
    memory.counter("apples").add(3)
    memory.counter("apples_total").add(4)
    #expect(memory.counter("apples_total{kind=\"red\"}").count == 2)
    #expect(memory.counter("apples").count == 3)
    #expect(memory.counter("apples_total").count == 4)
  }

  @Test(arguments: [
    (UInt64(0), "0.0005"), (500, "0.0005"), (501, "0.001"), (1000, "0.001"), (1001, "0.002"), (20_000, "0.02"),
    (999_999, "1.0"), (1_000_000, "1.0"), (1_000_001, "2.5"), (5_000_000, "5.0"), (5_000_001, "+Inf"),
    (86_400_000_000, "+Inf"),
  ])
  func `a duration falls into the first bucket that holds it`(microseconds: UInt64, bucket: String) throws {
    let memory = try SharedMemory()
    memory.histogram("waits_seconds").observe(microseconds: microseconds)
    let text = try PrometheusText(memory.exposition())
    let buckets = try #require(text.families.first { $0.name == "waits_seconds" }).samples.filter {
      $0.name == "waits_seconds_bucket"
    }
    #expect(buckets.first { $0.value == 1 }?.label("le") == bucket)
    #expect(try text.value("waits_seconds_count") == 1)
    #expect(try text.value("waits_seconds_sum") == Double(microseconds) / 1_000_000)
  }

  @Test func `the longest name that fits is kept whole, and a longer one is a programmer's error`() async throws {
    let memory = try SharedMemory()
    let longest = String(repeating: "n", count: 119)
    memory.counter(longest).add()
    #expect(try PrometheusText(memory.exposition()).value(longest) == 1)
    await #expect(processExitsWith: .failure) {
      _ = try SharedMemory().counter(String(repeating: "n", count: 120))
    }
  }

  @Test func `a full memory still accepts new names, and the others keep their counts`() throws {
    let file = try MemoryFile()
    let memory = try file.map()
    for number in 0..<MemoryFile.seriesCount {
      let place = MemoryFile.series + number * MemoryFile.seriesWords
      file.write("old_total{number=\"\(number)\"}", at: place + 1)
      file[place + 16] = 1
      file[place] = 1
    }
    for number in 0..<20 {
      memory.counter("new_total{number=\"\(number)\"}").add()
      memory.histogram("new_seconds{number=\"\(number)\"}").observe(microseconds: 1)
    }
    let text = try PrometheusText(memory.exposition())
    #expect(text.families.first?.samples.count == MemoryFile.seriesCount)
    #expect(text.families.first?.samples.dropLast().allSatisfy { $0.value == 1 } == true)
  }

  @Test func `a name half written by a killed worker is overwritten`() throws {
    let file = try MemoryFile()
    let memory = try file.map()
    file.write(String(repeating: "x", count: 120), at: MemoryFile.series + 1)
    #expect(memory.exposition().contains("xxx") == false)
    memory.counter("apples_total").add()
    #expect(try PrometheusText(memory.exposition()).value("apples_total") == 1)
    #expect(memory.counter("apples_total").count == 1)
  }

  @Test(.tiers(.concurrency)) func `processes that race for names and counts lose none`() throws {
    let file = try MemoryFile()
    let (racers, names, rounds) = (8, 25, 40)
    _ = race(racers) { number in
      let memory = try! file.map()
      for round in 0..<rounds {
        for step in 0..<names {
          // Each begins elsewhere, so that several want every name at once.
          let name = (step + number * 3) % names
          memory.counter("apples_total{name=\"\(name)\"}").add()
          memory.histogram("waits_seconds{name=\"\(name)\"}").observe(microseconds: UInt64(round))
        }
      }
    }
    try expectAllCounted(file.map(), names: names, each: racers * rounds)
  }

  @Test(.tiers(.concurrency)) func `threads of one process that race for names and counts lose none`() throws {
    for memory in [try SharedMemory(), try MemoryFile().map()] {
      _ = race(8) { number in
        for step in 0..<1000 {
          let name = (step + number * 3) % 25
          memory.counter("apples_total{name=\"\(name)\"}").add()
          memory.histogram("waits_seconds{name=\"\(name)\"}").observe(microseconds: 7)
        }
      }
      try expectAllCounted(memory, names: 25, each: 8 * 40)
    }
  }

  /// The strict parser refuses a name with two series, so there is exactly one sample for each.
  private func expectAllCounted(_ memory: SharedMemory, names: Int, each: Int) throws {
    let text = try PrometheusText(memory.exposition())
    for name in 0..<names {
      #expect(try text.value("apples_total", ("name", "\(name)")) == Double(each))
      #expect(try text.value("waits_seconds_count", ("name", "\(name)")) == Double(each))
    }
  }
}
