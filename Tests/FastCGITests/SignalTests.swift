import FastCGI
import Glibc
import Support
import Testing

@Suite(.tiers(.integration, .faults))
struct SignalTests {
  let wire = try! Wire()

  @Test(arguments: [SIGTERM, SIGUSR1])
  func `an idle worker exits with 0`(signal: Int32) throws {
    #expect(try wire.ask(request("/first")).status == 200)
    wire.worker.signal(signal)
    #expect(try wire.worker.wait() == 0)
    #expect(wire.worker.log.contains("end told"))
  }

  @Test(arguments: [SIGTERM, SIGUSR1])
  func `a signal during the reading of a body loses nothing of it`(signal: Int32) throws {
    let peer = try wire.connect()
    let whole = request("/slow", method: "POST", body: String(repeating: "b", count: 20_000))
    peer.send(Array(whole[..<10_000]))
    try wire.waitUntilWorker(isIn: 0)
    wire.worker.signal(signal)
    peer.send(Array(whole[10_000...]))
    #expect(try Client.answer(from: peer.receiveAll()).text.hasPrefix("POST /slow 20000"))
    #expect(try wire.worker.wait() == 0)
  }

  @Test(arguments: [SIGTERM, SIGUSR1])
  func `a signal during the writing of an answer loses nothing of it`(signal: Int32) throws {
    let peer = try wire.connect()
    peer.send(request("/large"))
    try wire.waitUntilWorker(isIn: 1)
    wire.worker.signal(signal)
    #expect(try Client.answer(from: peer.receiveAll()).body.count == 3_000_000)
    #expect(try wire.worker.wait() == 0)
  }

  @Test func `a connection accepted before the signal is served before the exit`() throws {
    let early = try wire.connect()
    #expect(try wire.ask(request("/first")).status == 200)
    wire.worker.signal(SIGTERM)
    try eventually("the signal is seen") { !isPending(SIGTERM) }
    early.send(request("/early"))
    #expect(try Client.answer(from: early.receiveAll()).status == 200)
    #expect(try wire.worker.wait() == 0)
  }

  @Test func `a worker under constant load still exits`() throws {
    let socket = wire.listener.path
    let askers = (0..<6).map { _ in
      Thread { while (try? Client.get("/load", socket: socket, timeoutMilliseconds: 500)) != nil {} }
    }
    try eventually("the load is on") { wire.ran.count > 100 }
    wire.worker.signal(SIGUSR1)
    #expect(try wire.worker.wait() == 0)
    for asker in askers { asker.join() }
  }

  @Test(arguments: [SIGINT, SIGHUP, SIGQUIT, SIGPIPE])
  func `other signals do nothing to a worker`(signal: Int32) throws {
    #expect(try wire.ask(request("/first")).status == 200)
    wire.worker.signal(signal)
    #expect(try wire.ask(request("/second")).status == 200)
  }

  @Test func `a peer that leaves before its answer does not end the worker`() throws {
    do {
      let peer = try wire.connect()
      peer.send(request("/large"))
      try wire.waitUntilWorker(isIn: 1)
    }
    #expect(try wire.ask(request("/next")).status == 200)
  }

  private func isPending(_ signal: Int32) -> Bool {
    let status = (try? read("/proc/\(wire.worker.pid)/status")) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("ShdPnd:") }
    let mask = line.flatMap { UInt64($0.dropFirst(7).drop { $0 == "\t" }, radix: 16) } ?? 0
    return mask & (1 << UInt64(signal - 1)) != 0
  }
}
