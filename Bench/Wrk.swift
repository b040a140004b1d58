internal import Glibc
internal import Support

/// A run of wrk. Its times are from a request to its answer, without the pauses of a script.
struct Wrk {
  private let what: String
  private let program: Program

  /// Lua that prints all results in one line.
  private static let report = """

    done = function(summary, latency)
      local errors = summary.errors
      print(string.format("result %d %d %g %g %d %d", summary.requests, summary.duration, latency:percentile(50),
        latency:percentile(99), errors.status, errors.connect + errors.read + errors.write + errors.timeout))
    end

    """

  init(
    _ what: String, on site: Site, port: Int, path: String, connections: Int, threads: Int = 2, seconds: Int? = nil,
    script: String = "", bearer: String? = nil
  ) throws {
    self.what = what
    let lua = try site.write("\(what).lua", script + Self.report)
    program = try site.start(
      ["wrk", "-t", "\(threads)", "-c", "\(connections)", "-d", "\(seconds ?? site.options.seconds)s", "-s", lua]
        + (bearer.map { ["-H", "Authorization: Bearer \($0)"] } ?? []) + ["http://127.0.0.1:\(port)\(path)"])
  }

  /// Waits for its end. An error answer ends the benchmark, unless errors are expected.
  func finish(mayRefuse: Bool = false) throws -> Sample {
    guard try program.wait(seconds: 7200) == 0,
      let result = program.log.split(separator: "\n").last(where: { $0.hasPrefix("result ") })
    else { throw Failure("wrk failed:\n\(program.log)") }
    let figures = result.split(separator: " ").dropFirst().map { Double($0) ?? 0 }
    let (count, refused, broken) = (Int(figures[0]), Int(figures[4]), Int(figures[5]))
    guard mayRefuse || (count > 0 && refused + broken == 0) else {
      throw Failure("\(what): of \(count) answers \(refused) were errors; \(broken) socket errors and timeouts.")
    }
    return Sample(
      perSecond: (figures[0] - figures[4]) * 1e6 / figures[1], p50: figures[2] / 1000, p99: figures[3] / 1000,
      count: count,
      refused: refused + broken)
  }
}

extension Site {
  /// A load on one pool, with the processor time of its workers for each request.
  func load(
    _ what: String, on pool: String, _ path: String, connections: Int? = nil, seconds: Int? = nil,
    script: String = ""
  ) throws -> Sample {
    let pids = try workers(pool)
    let before = try ProcessorTime.of(pids)
    let wrk = try Wrk(
      what, on: self, port: fronts[pool]!, path: path, connections: connections ?? options.connections,
      seconds: seconds,
      script: script)
    var sample = try wrk.finish()
    guard try workers(pool) == pids else { throw Failure("\(what): a worker has ended.") }
    sample.cpuMicroseconds = (try ProcessorTime.of(pids) - before) * 1e6 / Double(sample.count)
    sample.privateMiB = try pids.map { try privateMiB(of: $0) }.max() ?? 0
    return sample
  }
}
