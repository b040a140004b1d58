import Support
import Telemetry
import Testing

@Suite(.tiers(.unit))
struct ExpositionTests {
  @Test func `an empty memory exposes only workers and draining`() throws {
    let text = try PrometheusText(SharedMemory().exposition())
    #expect(text.families.allSatisfy { $0.kind == "gauge" })
    let told = text.families.filter { !$0.samples.isEmpty }
    #expect(told.map(\.name) == ["tuckshop_workers", "tuckshop_draining"])
    for pool in Pool.allCases { #expect(try text.value("tuckshop_workers", ("pool", pool.name)) == 0) }
    #expect(try text.value("tuckshop_draining") == 0)
  }

  @Test func `the members of a family stand together, in whatever order they were added`() throws {
    let memory = try SharedMemory()
    for route in ["/a", "/b/{id}", "/c"] {
      for status in ["2xx", "4xx"] {
        memory.counter("requests_total{route=\"\(route)\",status=\"\(status)\"}").add()
      }
      memory.histogram("seconds{route=\"\(route)\"}").observe(microseconds: 700)
      memory.counter("plain_total").add()
    }
    let text = try PrometheusText(memory.exposition())
    #expect(text.families.prefix(3).map(\.name) == ["requests_total", "seconds", "plain_total"])
    #expect(text.families.prefix(3).map(\.kind) == ["counter", "histogram", "counter"])
    #expect(try text.value("requests_total", ("route", "/b/{id}"), ("status", "4xx")) == 1)
    #expect(try text.value("seconds_sum", ("route", "/b/{id}")) == 0.0007)
    #expect(try text.value("seconds_bucket", ("route", "/b/{id}"), ("le", "+Inf")) == 1)
    #expect(try text.value("plain_total") == 3)
  }

  @Test func `buckets add up to the count`() throws {
    let memory = try SharedMemory()
    let waits = memory.histogram("waits_seconds")
    let observed: [UInt64] = [1, 600, 1500, 1600, 40_000, 9_000_000]
    for microseconds in observed { waits.observe(microseconds: microseconds) }
    let text = try PrometheusText(memory.exposition())
    let dues = [("0.0005", 1), ("0.001", 2), ("0.002", 4), ("0.02", 4), ("0.05", 5), ("5.0", 5), ("+Inf", 6)]
    for (bound, due) in dues {
      #expect(try text.value("waits_seconds_bucket", ("le", bound)) == Double(due))
    }
    #expect(try text.value("waits_seconds_count") == 6)
    #expect(try text.value("waits_seconds_sum") == 9.043701)
  }

  @Test func `a histogram without values is all zero`() throws {
    let memory = try SharedMemory()
    _ = memory.histogram("waits_seconds{route=\"/\"}")
    let text = try PrometheusText(memory.exposition())
    let samples = try #require(text.families.first).samples
    #expect(samples.count == 16)
    #expect(samples.allSatisfy { $0.value == 0 })
  }

  @Test func `workers are listed by pool, with their memory`() throws {
    let memory = try SharedMemory()
    memory.enter(process: 11, pool: .app).report(requests: 5, residentKilobytes: 4, sessions: 1)
    memory.enter(process: 12, pool: .app).report(requests: 5, residentKilobytes: 8, sessions: 1)
    memory.enter(process: 13, pool: .ops).report(requests: 0, residentKilobytes: 0, sessions: 0)
    memory.enter(process: 14, pool: .auth).leave()
    let text = try PrometheusText(memory.exposition())
    #expect(try text.value("tuckshop_workers", ("pool", "app")) == 2)
    #expect(try text.value("tuckshop_workers", ("pool", "auth")) == 0)
    #expect(try text.value("tuckshop_workers", ("pool", "ops")) == 1)
    #expect(try text.value("tuckshop_worker_resident_bytes", ("pid", "12"), ("pool", "app")) == 8192)
    #expect(text.families.first { $0.name == "tuckshop_worker_resident_bytes" }?.samples.count == 3)
  }

  @Test func `draining is exposed`() throws {
    let memory = try SharedMemory()
    memory.isDraining = true
    #expect(try PrometheusText(memory.exposition()).value("tuckshop_draining") == 1)
  }

  @Test func `a declared metric is exposed with its kind and its help`() throws {
    let memory = try SharedMemory()
    memory.series(\.requests, "/a", "2xx").add(2)
    memory.series(\.requestSeconds, "/a").observe(microseconds: 700)
    let text = try PrometheusText(memory.exposition())
    #expect(try text.value("tuckshop_requests_total", ("route", "/a"), ("status", "2xx")) == 2)
    #expect(try text.value("tuckshop_request_seconds_count", ("route", "/a")) == 1)
    let declared = Metrics.all
    #expect(text.families.count == 6)
    for family in text.families {
      let metric = try #require(declared.first { $0.name == family.name })
      #expect(family.kind == metric.kind.rawValue)
      #expect(family.help == metric.help.filter { $0 != "`" })
    }
  }

  @Test func `the page about running the shop says what is declared`() throws {
    let page = try read(projectRoot + "/docs/running.md")
    #expect(Metrics.all.count == 9)
    for metric in Metrics.all {
      let labels = metric.labels.isEmpty ? "" : "{\(metric.labels.joined(separator: ","))}"
      let row = "| `\(metric.name)\(labels)` | \(metric.kind.rawValue) | \(metric.help) |"
      #expect(page.contains(row), "docs/running.md lacks \(row)")
    }
  }

  @Test(arguments: [
    "", "a 1", "# TYPE a counter\na 1", "a 1\n# TYPE a counter\n", "# TYPE a counter\nb 1\n",
    "# TYPE a counter\na 1\na 1\n", "# TYPE a counter\na{x=\"1\"} 1\na{x=\"1\"} 2\n", "# TYPE a counter\na{x=1} 1\n",
    "# TYPE a counter\na{x=\"1\",} 1\n", "# TYPE a counter\na{x=\"1\" 1\n", "# TYPE a counter\na one\n",
    "# TYPE a counter\na 1\n# TYPE b counter\nb 1\n# TYPE a counter\n", "# TYPE a counter\na -1\n",
    "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n", "# TYPE a counter\n\na 1\n",
    "# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
    "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n",
    "# HELP a\n# TYPE a counter\na 1\n", "# HELP b how many\n# TYPE a counter\na 1\n",
    "# TYPE a counter\n# HELP a how many\na 1\n",
  ])
  func `the tests' own parser refuses invalid text`(text: String) {
    #expect(throws: Failure.self) { try PrometheusText(text) }
  }
}
