import Support
import Synchronization
import Telemetry
import Testing

@Suite(.tiers(.unit))
struct SharedPageTests {
  @Test func `two mappings of one file see each other`() throws {
    let file = try PageFile()
    let (one, other) = (try file.map(), try file.map())
    one.counter("apples_total").add(3)
    other.counter("apples_total").add(4)
    #expect(one.counter("apples_total").count == 7)
    #expect(other.exposition() == one.exposition())
    other.isDraining = true
    #expect(one.isDraining)
    one.isDraining = false
    #expect(!other.isDraining)
  }

  @Test func `counts outlive their workers`() throws {
    let file = try PageFile()
    do { try file.map().counter("apples_total").add(3) }
    #expect(try file.map().counter("apples_total").count == 3)
  }

  @Test func `a page without a file is private`() throws {
    let (one, other) = (try SharedPage(), try SharedPage())
    one.counter("apples_total").add()
    one.isDraining = true
    #expect(other.counter("apples_total").count == 0)
    #expect(!other.isDraining)
  }

  @Test func `the page has the layout that other versions expect`() throws {
    let file = try PageFile()
    let page = try file.map()
    page.counter("first_total").add(5)
    page.counter("second_total").add(6)
    page.isDraining = true
    let entry = page.enter(process: 77, pool: .ops)
    #expect(file[0] == 0x5455_434B_5348_3031)
    #expect(file.size == PageFile.bytes)
    #expect(file[PageFile.draining] == 1)
    #expect(file[PageFile.workers] == 77 && file[PageFile.workers + 1] == 2)
    #expect(file[PageFile.series] == 1 && file[PageFile.series + 16] == 5)
    #expect(file.text(at: PageFile.series + 1, bytes: 120) == "first_total")
    #expect(file[PageFile.series + PageFile.seriesWords + 16] == 6)
    withExtendedLifetime(entry) {}
  }

  @Test func `a page of another layout is refused and left unchanged`() throws {
    let file = try PageFile()
    file[0] = 0x5455_434B_5348_3939
    file[PageFile.bytes / 8 + 100] = 42
    let size = file.size
    let error = #expect(throws: SystemError.self) { try file.map() }
    #expect(error?.description == "the shared page \(file.path) has another layout")
    #expect(file[0] == 0x5455_434B_5348_3939)
    // Truncating it would kill every worker that still maps the truncated part.
    #expect(file.size == size)
    #expect(file[PageFile.bytes / 8 + 100] == 42)
    #expect(file.openDescriptors == 0)
  }

  @Test func `a page lives as long as one of its series or entries, and closes with the last`() throws {
    let file = try PageFile()
    do {
      let series = try file.map().counter("apples_total")
      let entry = try file.map().enter(process: 7, pool: .app)
      #expect(file.openDescriptors == 2)
      series.add()
      entry.leave()
    }
    #expect(file.openDescriptors == 0)
    #expect(try file.map().counter("apples_total").count == 1)
    #expect(try file.map().workers.isEmpty)
  }

  @Test(arguments: ["/nowhere/at/all", "/proc/self/shared.page", "/"])
  func `a page that cannot be opened names its path and the cause`(path: String) {
    let error = #expect(throws: SystemError.self) { try SharedPage(path: path) }
    #expect(error?.description.hasPrefix("cannot open the shared page \(path): ") == true)
  }

  @Test func `a file that cannot be resized is refused`() throws {
    let error = #expect(throws: SystemError.self) { try SharedPage(path: "/dev/null") }
    #expect(error?.description.hasPrefix("cannot size and map the shared page /dev/null: ") == true)
  }

  @Test func `nothing else uses the breaker's words`() throws {
    let file = try PageFile()
    let page = try file.map()
    page.breaker[0].store(.max, ordering: .relaxed)
    page.breaker[1].store(.max, ordering: .relaxed)
    #expect(!page.isDraining)
    #expect(page.workers.isEmpty)
    #expect(page.pauseBeforeStart(in: .app) == 0)
    #expect(page.counter("apples_total").count == 0)
    page.isDraining = true
    _ = page.enter(process: 1, pool: .app)
    #expect(page.breaker[0].load(ordering: .relaxed) == .max)
    #expect(page.breaker[1].load(ordering: .relaxed) == .max)
    #expect(file[8] == .max && file[9] == .max)
  }

  @Test(.tiers(.concurrency)) func `the first worker creates the page, and no count is lost`() throws {
    let file = try PageFile()
    let counts = race(16) { number in
      let page = try! file.map()
      page.counter("starts_total{number=\"\(number % 4)\"}").add()
      return page.isDraining
    }
    #expect(counts == Array(repeating: false, count: 16))
    let page = try file.map()
    #expect((0..<4).map { page.counter("starts_total{number=\"\($0)\"}").count } == [4, 4, 4, 4])
  }
}
