import FastCGI
import Support
import Testing

@Suite(.tiers(.integration))
struct BodyTests {
  let wire = try! Wire()

  @Test func `a whole body reaches the handler`() throws {
    let answer = try wire.ask(request("/whole", method: "POST", body: String(repeating: "b", count: 99_000)))
    #expect(answer.text.hasPrefix("POST /whole 99000"))
  }

  @Test func `a body that ends early is not handled`() throws {
    let answer = try wire.ask(request("/cut", method: "POST", body: "12345", announcing: 10))
    #expect(answer.status == 400)
    #expect(answer.text == "bodyIncomplete")
    #expect(wire.ran == [])
  }

  @Test func `a body that is too long is not handled`() throws {
    let answer = try wire.ask(request("/long", method: "POST", body: "1234567890", announcing: 5))
    #expect(answer.text == "bodyIncomplete")
    #expect(wire.ran == [])
  }

  @Test(arguments: ["-1", "x", "99999999999999999999", "1e3"])
  func `an invalid length is not handled`(length: String) throws {
    let answer = try wire.ask(
      Records.begin()
        + Records.parameters([("REQUEST_METHOD", "POST"), ("REQUEST_URI", "/odd"), ("CONTENT_LENGTH", length)])
        + Records.input([1]))
    #expect(answer.text == "bodyIncomplete")
    #expect(wire.ran == [])
  }

  @Test func `a body over the limit is refused before it is read`() throws {
    let answer = try wire.ask(request("/huge", method: "POST", announcing: 100_001, ended: false))
    #expect(answer.text == "bodyTooLarge(limitBytes: 100000)")
    #expect(wire.ran == [])
  }

  @Test func `a peer that leaves in the middle of its body leaves nothing behind`() throws {
    do {
      let peer = try wire.connect()
      peer.send(request("/left", method: "POST", body: "12345", announcing: 10, ended: false))
      try wire.waitUntilWorker(isIn: 0)
    }
    let answer = try wire.ask(request("/next"))
    #expect(answer.status == 200)
    #expect(wire.ran == ["/next"])
  }
}
