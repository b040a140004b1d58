import CFastCGI
import FastCGI
import Glibc
import Support
import Testing

@Suite(.tiers(.integration))
struct AnswerTests {
  let wire = try! Wire()

  @Test func `an answer has its length`() throws {
    let answer = try wire.ask(request("/some"))
    #expect(answer.head.contains("Content-Length: \(answer.body.count)"))
  }

  @Test func `an answer without content has no length`() throws {
    let answer = try wire.ask(request("/empty"))
    #expect(answer.status == 204)
    #expect(!answer.head.contains("Content-Length"))
  }

  @Test func `HEAD is answered with the length and without the body`() throws {
    let answer = try wire.ask(request("/large", method: "HEAD"))
    #expect(answer.head.contains("Content-Length: 3000000"))
    #expect(answer.body == [])
  }

  @Test func `a line end in a header's value starts no new header`() throws {
    let answer = try wire.ask(request("/split"))
    #expect(!answer.head.contains("\nSet-Cookie"))
  }

  @Test func `headers and long parameters arrive whole`() throws {
    let long = String(repeating: "t", count: 70_000)
    let answer = try wire.ask(request("/h", headers: [("HTTP_X_LONG", long), ("HTTP_ACCEPT", "é")]))
    #expect(answer.text.contains("x-long=\(long)"))
    #expect(answer.text.contains("accept=é"))
  }

  @Test func `a path that is not UTF-8 is refused, and a header that is not is left out or reported`() throws {
    func parameter(_ name: String, _ value: [UInt8]) -> [UInt8] {
      [UInt8(name.utf8.count), UInt8(value.count)] + Array(name.utf8) + value
    }
    func ask(_ pairs: [UInt8]) throws -> Client.Answer {
      try wire.ask(Records.begin() + Records.record(4, pairs) + Records.record(4, []) + Records.input([]))
    }
    let method = parameter("REQUEST_METHOD", Array("GET".utf8))
    #expect(try ask(method + parameter("REQUEST_URI", [0x2F, 0xFF])).text == "malformedPath")
    let odd = method + parameter("REQUEST_URI", [0x2F]) + parameter("HTTP_X_ODD", [0xFF])
    #expect(try ask(odd).text == "GET / 0 ")
    let keyless = method + parameter("REQUEST_URI", Array("/key".utf8))
    #expect(try ask(keyless).text == "no key")
    #expect(try ask(keyless + parameter("HTTP_IDEMPOTENCY_KEY", [0x6B])).text == "key k")
    #expect(try ask(keyless + parameter("HTTP_IDEMPOTENCY_KEY", [0x6B, 0xE9])).text == "unreadable")
  }

  @Test func `a worker that crashes loses only its own request`() throws {
    #expect(throws: Client.Failure.self) { try wire.ask(request("/crash")) }
    #expect(try wire.worker.wait() < 0)
  }

  /// The accept loop sets these fields of libfcgi's request by itself. A libfcgi with another layout must be read anew
  /// before it is trusted.
  @Test func `libfcgi's request has the layout that the accept loop expects`() {
    #expect(MemoryLayout<FCGX_Request>.size == 80)
    #expect(MemoryLayout<FCGX_Request>.offset(of: \.ipcFd) == 48)
    #expect(MemoryLayout<FCGX_Request>.offset(of: \.keepConnection) == 56)
    #expect(MemoryLayout<FCGX_Request>.offset(of: \.detached) == 76)
  }
}
