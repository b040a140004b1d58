internal import Synchronization

extension SharedMemory {
  /// All metrics in Prometheus' text format.
  package func exposition() -> String {
    let declared = Metrics.all
    var text = ""
    for family in families {
      // Another version of the program may have left series here that this one does not know.
      let kind = family.members[0].kind == .histogram ? "histogram" : "counter"
      text += declared.first { $0.name == family.name }?.head ?? "# TYPE \(family.name) \(kind)\n"
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
    return order.map { ($0, members[$0, default: []]) }
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
    func each(_ value: (WorkerEntry) -> Int) -> [(labels: [String], value: Int)] {
      alive.map { ([$0.pool?.name ?? "", "\($0.process)"], value($0)) }
    }
    return lines(\.workers, Pool.allCases.map { pool in ([pool.name], alive.count { $0.pool == pool }) })
      + lines(\.workerResidentBytes, each { $0.residentKilobytes * 1024 })
      + lines(\.workerRequests, each(\.requests))
      + lines(\.draining, [([], isDraining ? 1 : 0)])
  }

  private func lines(_ gauge: KeyPath<Metrics, Metric>, _ samples: [(labels: [String], value: Int)]) -> String {
    let metric = Metrics.declared[keyPath: gauge]
    return metric.head + samples.map { "\(metric.name)\(metric.labels($0.labels)) \($0.value)\n" }.joined()
  }
}
