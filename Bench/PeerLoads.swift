internal import Glibc
internal import Support

/// One of the shop's requests alone, or all of them in its proportions.
enum PeerLoad: String, CaseIterable {
  case mixed, info, send, buy

  var requests: [ShopRequest] { ShopRequest(rawValue: rawValue).map { [$0] } ?? ShopRequest.allCases }

  func script(tokens: String) -> String {
    ShopRequest(rawValue: rawValue).map { $0.script(tokens: tokens) } ?? ShopRequest.mixed(tokens: tokens)
  }
}

extension ShopRequest {
  /// A call of the plain functions, as a statement for pgbench, by one of the people 1, 1 + step, … A refusal is an
  /// error.
  func plainStatement(people: Int, step: Int) -> String {
    let last = (people - 1) / step
    let someone = "\\set i random(0, \(last))\n\\set a 1 + :i * \(step)\n"
    return switch self {
    case .info: someone + "SELECT part, name, amount FROM info(:a);\n"
    case .send:
      someone + """
        \\set b 1 + (:i + random(1, \(last))) % \(last + 1) * \(step)
        SELECT 1 / (send(:a, 'load' || lpad(:b::text, greatest(6, length(:b::text)), '0'), 1) = 'done')::int;

        """
    case .buy:
      someone + """
        \\set b random(1, \(goods.count))
        SELECT 1 / (buy(:a, (string_to_array('\(goods.joined(separator: " "))', ' '))[:b::int]) = 'done')::int;

        """
    }
  }
}

/// Sends the loads to the peers.
final class PeerBench {
  /// In wrk's memory a person takes about a kilobyte for each of its two threads.
  private static let mostPeople = 100_000

  private let peers: Peers
  private let options: Options
  /// The files with the tokens for Tuckshop, and for the others.
  private let ours: String
  private let theirs: String
  private let statements: [(request: ShopRequest, file: String)]

  init(_ peers: Peers, _ options: Options) throws {
    (self.peers, self.options) = (peers, options)
    let site = peers.site
    func write(_ name: String, _ subject: (Int) -> String) throws -> String {
      let tokens = try site.tokens(of: options.people, most: Self.mostPeople, subject: subject)
      return try site.write(name, tokens.map { "\($0.name) \($0.token)\n" }.joined())
    }
    ours = try write("tokens", loadedUser)
    theirs = try write("tokens-of-peers") { "\($0)" }
    statements = try ShopRequest.allCases.map { request in
      let step = max(1, options.people / Self.mostPeople)
      let statement = request.plainStatement(people: options.people, step: step)
      return (request, try site.write("\(request.rawValue).sql", statement))
    }
  }

  /// The processor time is that of exactly the peer's own processes, its sessions in PostgreSQL, and nginx's workers.
  func measure(_ load: PeerLoad, _ peer: Peer, seconds: Int) throws -> Sample {
    if peer == .pgbench { return try pgbench(load, seconds: seconds) }
    let parts = try (peers.servers(of: peer), peers.nginx(for: peer), peers.sessions(of: peer))
    let before = try (ProcessorTime.of(parts.0), ProcessorTime.of(parts.1), ProcessorTime.of(parts.2))
    let wrk = try Wrk(
      name(load, peer), on: peers.site, port: peers.port(of: peer), path: "/", connections: options.connections,
      seconds: seconds, script: load.script(tokens: peer == .tuckshop ? ours : theirs))
    var sample = try wrk.finish()
    let after = try (ProcessorTime.of(parts.0), ProcessorTime.of(parts.1), ProcessorTime.of(parts.2))
    guard try parts == (peers.servers(of: peer), peers.nginx(for: peer), peers.sessions(of: peer)) else {
      throw Failure("\(name(load, peer)): a process or a session has ended.")
    }
    let each = 1e6 / Double(sample.count)
    sample.cpuMicroseconds = (after.0 - before.0) * each
    sample.nginxMicroseconds = (after.1 - before.1) * each
    sample.databaseMicroseconds = (after.2 - before.2) * each
    sample.privateMiB = try parts.0.map { try privateMiB(of: $0) }.reduce(0, +)
    return sample
  }

  private func pgbench(_ load: PeerLoad, seconds: Int) throws -> Sample {
    let site = peers.site
    let asked = statements.filter { load.requests.contains($0.request) }
    let server = try site.postmaster
    let before = try ProcessorTime.ofEnded(server)
    var sample = try site.pgbench(
      asked.map { "\($0.file)@\($0.request.share)" }, as: "tuckshop_app", on: Peer.pgbench.database,
      sessions: options.workers, seconds: seconds,
      logs: site.directory / "pgbench-log")
    // A session's time is added to its parent's when the session ends.
    sleep(until: monotonicSeconds() + 0.3)
    sample.databaseMicroseconds = (try ProcessorTime.ofEnded(server) - before) * 1e6 / Double(sample.count)
    return sample
  }
}

func name(_ load: PeerLoad, _ peer: Peer) -> String { "\(load.rawValue)-\(peer.rawValue)" }
