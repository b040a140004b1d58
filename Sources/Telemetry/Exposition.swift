internal import Synchronization

extension SharedPage {
  /// Everything in the page in Prometheus' text format.
  package func exposition() -> String {
    var text = ""
    for family in families {
      text += "# TYPE \(family.name) \(family.members[0].kind == .histogram ? "histogram" : "counter")\n"
      for series in family.members { text += lines(of: series) }
    }
    return text + workerLines()
  }

  private var families: [(name: String, members: [Series])] {
    var order: [String] = []
    var members: [String: [Series]] = [:]
    for series in allSeries {
      let family = String(series.name.prefix { $0 != "{" })
      if members[family] == nil { order.append(family) }
      members[family, default: []].append(series)
    }
    return order.map { ($0, members[$0]!) }
  }

  private func lines(of series: Series) -> String {
    guard series.kind == .histogram else { return "\(series.name) \(series.count)\n" }
    let family = series.name.prefix { $0 != "{" }
    let labels = series.name.dropFirst(family.count + 1).dropLast()
    let comma = labels.isEmpty ? "" : ","
    var text = ""
    var total: UInt64 = 0
    for (index, bound) in (Series.bounds.map { "\(Double($0) / 1_000_000)" } + ["+Inf"]).enumerated() {
      total += series.values[index].load(ordering: .relaxed)
      text += "\(family)_bucket{\(labels)\(comma)le=\"\(bound)\"} \(total)\n"
    }
    let sum = Double(series.values[Series.bounds.count + 1].load(ordering: .relaxed)) / 1_000_000
    let set = labels.isEmpty ? "" : "{\(labels)}"
    return text + "\(family)_sum\(set) \(sum)\n\(family)_count\(set) \(total)\n"
  }

  private func workerLines() -> String {
    let alive = workers
    var text = "# TYPE tuckshop_workers gauge\n"
    for pool in Pool.allCases {
      text += "tuckshop_workers{pool=\"\(pool.name)\"} \(alive.count { $0.pool == pool })\n"
    }
    let gauges: [(name: String, value: (WorkerEntry) -> Int)] = [
      ("tuckshop_worker_resident_bytes", { $0.residentKilobytes * 1024 }),
      ("tuckshop_worker_requests", { $0.requests }),
    ]
    for gauge in gauges {
      text += "# TYPE \(gauge.name) gauge\n"
      for worker in alive {
        let labels = "pool=\"\(worker.pool?.name ?? "")\",pid=\"\(worker.process)\""
        text += "\(gauge.name){\(labels)} \(gauge.value(worker))\n"
      }
    }
    text += "# TYPE tuckshop_draining gauge\ntuckshop_draining \(isDraining ? 1 : 0)\n"
    return text
  }
}
