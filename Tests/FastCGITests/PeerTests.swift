import FastCGI
import Glibc
import Support
import Synchronization
import Testing

@Suite(.tiers(.integration, .faults))
struct PeerTests {
  let wire = try! Wire()

  @Test func `silent peers hold no worker`() throws {
    let silent = try (0..<8).map { _ in try wire.connect() }
    let answer = try wire.ask(request("/next"))
    #expect(answer.status == 200)
    // None of them was closed to make way: they still wait when the answer arrives.
    #expect(silent.allSatisfy(isOpen))
  }

  @Test func `a silent peer is closed after a while`() throws {
    let silent = try wire.connect()
    #expect(silent.receiveAll() == [])
    #expect(!isOpen(silent))
    try eventually("it is counted") { wire.worker.log.contains("discarded 0 1 0") }
  }

  @Test func `a peer that sends late is still served`() throws {
    let late = try wire.connect()
    #expect(try wire.ask(request("/early")).status == 200)
    late.send(request("/late"))
    #expect(try Client.answer(from: late.receiveAll()).status == 200)
    #expect(wire.ran == ["/early", "/late"])
  }

  @Test func `a peer that sends late is served even while the worker is never idle`() throws {
    let late = try wire.connect()
    #expect(try wire.ask(request("/early")).status == 200)
    let socket = wire.listener.path
    let isOver = Flag()
    let askers = (0..<6).map { _ in
      Thread { while !isOver.isSet { _ = try? Client.get("/load", socket: socket, timeoutMilliseconds: 5000) } }
    }
    try eventually("the load is on") { wire.ran.count > 100 }
    late.send(request("/late"))
    let answer = try? Client.answer(from: late.receiveAll())
    isOver.set()
    for asker in askers { asker.join() }
    #expect(answer?.status == 200)
  }

  @Test func `a peer that sends while the worker is busy for long is served afterwards`() throws {
    let late = try wire.connect()
    #expect(try wire.ask(request("/early")).status == 200)
    let slow = try wire.connect()
    slow.send(request("/sleep"))
    try eventually("the worker is busy") { wire.ran.last == "/sleep" }
    late.send(request("/late"))
    #expect(try Client.answer(from: slow.receiveAll()).status == 200)
    #expect(try Client.answer(from: late.receiveAll()).status == 200)
  }

  @Test func `a peer that never closes holds no worker`() throws {
    let first = try wire.connect()
    first.send(request("/first"))
    // The worker ends the stream, not the test.
    #expect(try Client.answer(from: first.receiveAll()).status == 200)
    #expect(try wire.ask(request("/second")).status == 200)
  }

  @Test func `a kept connection is closed after one answer, and nothing more on it is run`() throws {
    let peer = try wire.connect()
    peer.send(request("/kept", keepConnection: true) + request("/smuggled", keepConnection: true))
    #expect(try Client.answer(from: peer.receiveAll()).status == 200)
    #expect(try wire.ask(request("/next")).status == 200)
    #expect(wire.ran == ["/kept", "/next"])
  }

  @Test func `an unread body is not a new request`() throws {
    let peer = try wire.connect()
    let hidden = request("/smuggled", headers: [("REMOTE_ADDR", "forged")])
    peer.send(request("/outer", method: "POST", announcing: 200_000, keepConnection: true, ended: false) + hidden)
    #expect(try Client.answer(from: peer.receiveAll()).text.hasPrefix("bodyTooLarge"))
    #expect(try wire.ask(request("/next")).status == 200)
    #expect(wire.ran == ["/next"])
  }

  @Test func `a request that its client gave up in the queue is not run`() throws {
    wire.worker.signal(SIGSTOP)
    do {
      let gone = try wire.connect()
      gone.send(request("/abandoned"))
    }
    wire.worker.signal(SIGCONT)
    #expect(try wire.ask(request("/next")).status == 200)
    #expect(wire.ran == ["/next"])
    try eventually("it is counted as stale") { wire.worker.log.contains("discarded 1 0 0") }
  }

  @Test(arguments: [
    [9, 9, 9, 9, 9, 9, 9, 9],  // no such version
    Records.record(1, [0, 9, 0, 0, 0, 0, 0, 0]),  // no such role
    Records.record(1, [0, 1]),  // a beginning cut short
    Records.begin() + Records.record(5, [1]),  // a body before the parameters
    [UInt8](repeating: 0, count: 3000),
  ])
  func `an invalid request is dropped at once, and the worker continues`(bytes: [UInt8]) throws {
    let peer = try wire.connect()
    peer.send(bytes)
    peer.send(request("/after"))
    #expect((try? Client.answer(from: peer.receiveAll()).status) ?? 400 == 400)
    #expect(try wire.ask(request("/next")).status == 200)
    #expect(wire.ran == ["/next"])
  }

  @Test func `no descriptor is left behind`() throws {
    #expect(try wire.ask(request("/warm")).status == 200)
    let before = try descriptors()
    for _ in 0..<200 {
      let peer = try wire.connect()
      peer.send([9, 9, 9, 9, 9, 9, 9, 9])
      #expect(try wire.ask(request("/cut", method: "POST", body: "1", announcing: 2)).status == 400)
      #expect(try wire.ask(request("/whole")).status == 200)
    }
    try eventually("all are closed") { try descriptors() == before }
  }

  private func descriptors() throws -> Int {
    guard let directory = opendir("/proc/\(wire.worker.pid)/fd") else { throw Failure("no worker") }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count
  }

  private func isOpen(_ peer: Peer) -> Bool {
    var byte: UInt8 = 0
    return recv(peer.descriptor, &byte, 1, Int32(MSG_DONTWAIT)) == -1 && errno == EAGAIN
  }
}

private final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}
