import Outbound
import Support
import Testing

@Suite(.tiers(.integration, .security))
struct OutboundTests {
  private func send(
    to stub: WebStub, body: [UInt8]? = nil, milliseconds: Int = 10_000, mostBytes: Int = 262_144
  ) throws -> OutboundResponse {
    var request = OutboundRequest(
      try #require(WebAddress(stub.origin + "/path?q=1")), body: body, milliseconds: milliseconds)
    request.mostBytes = mostBytes
    return try OutboundClient().send(request)
  }

  @Test func `a question by GET has its headers, and the answer its status, headers and body`() throws {
    let stub = try WebStub { _ in .text("HTTP/1.1 418 Teapot\r\nRetry-After:  7 \r\nX-Empty:\r\n\r\nshort and stout") }
    var request = OutboundRequest(try #require(WebAddress(stub.origin + "/path?q=1")), milliseconds: 10_000)
    request.headers = [("Accept", "application/json"), ("Authorization", "Bearer x")]
    let response = try OutboundClient().send(request)
    #expect(response.status == 418)
    #expect(response["retry-after"] == "7")
    #expect(response["x-empty"] == "")
    #expect(response["etag"] == nil)
    #expect(String(decoding: response.body, as: UTF8.self) == "short and stout")
    let question = try #require(stub.questions.first)
    #expect(question.method == "GET")
    #expect(question.target == "/path?q=1")
    #expect(question.header("Accept") == "application/json")
    #expect(question.header("Authorization") == "Bearer x")
    #expect(question.header("User-Agent") == "tuckshop")
    #expect(question.header("Cookie") == nil)
  }

  @Test func `a body is sent by POST, also an empty one`() throws {
    let stub = try WebStub { .answer(200, $0.body) }
    #expect(try send(to: stub, body: [0x61, 0x00, 0x62]).body == [0x61, 0x00, 0x62])
    #expect(try send(to: stub, body: []).body == [])
    #expect(stub.questions.map(\.method) == ["POST", "POST"])
  }

  @Test func `nothing of a request is left for the next one`() throws {
    let stub = try WebStub { .answer(200, $0.body) }
    let client = OutboundClient()
    var first = OutboundRequest(try #require(WebAddress(stub.origin)), body: [0x61], milliseconds: 10_000)
    first.headers = [("Authorization", "Bearer x")]
    _ = try client.send(first)
    _ = try client.send(OutboundRequest(first.address, milliseconds: 10_000))
    #expect(stub.questions[1].method == "GET")
    #expect(stub.questions[1].header("Authorization") == nil)
    #expect(stub.questions[1].body == "")
  }

  @Test func `a redirect is an answer and is not followed`() throws {
    let stub = try WebStub { _ in .text("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n") }
    let response = try send(to: stub)
    #expect(response.status == 302)
    #expect(response["location"] == "/elsewhere")
    #expect(stub.questions.count == 1)
  }

  @Test func `a cookie of an answer is not sent with the next request`() throws {
    let stub = try WebStub { _ in .text("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n") }
    let client = OutboundClient()
    let request = OutboundRequest(try #require(WebAddress(stub.origin)), milliseconds: 10_000)
    for _ in 0..<2 { _ = try client.send(request) }
    #expect(stub.questions[1].header("Cookie") == nil)
  }

  @Test func `a silent server is left at the deadline`() throws {
    let stub = try WebStub { _ in .silence }
    #expect(throws: OutboundFailure.timedOut) { try send(to: stub, milliseconds: 100) }
    #expect(throws: OutboundFailure.timedOut) { try send(to: stub, milliseconds: 0) }
  }

  @Test func `a body or head without an end is cut off, and a body at the limit is not`() throws {
    let stub = try WebStub { _ in .endless }
    #expect(throws: OutboundFailure.tooLarge) { try send(to: stub) }
    let header = "X: " + String(repeating: "x", count: 8000) + "\r\n"
    let wide = try WebStub { _ in .text("HTTP/1.1 200 OK\r\n" + String(repeating: header, count: 20) + "\r\n") }
    #expect(throws: OutboundFailure.tooLarge) { try send(to: wide) }
    let small = try WebStub { _ in .answer(200, "12345") }
    #expect(try send(to: small, mostBytes: 5).body.count == 5)
    #expect(throws: OutboundFailure.tooLarge) { try send(to: small, mostBytes: 4) }
  }

  @Test func `an answer that breaks off or is not HTTP cannot be read`() throws {
    let broken = try WebStub { _ in .text("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf") }
    let other = try WebStub { _ in .text("220 mail.example ESMTP\r\n") }
    for stub in [broken, other] {
      let failure = #expect(throws: OutboundFailure.self) { try send(to: stub) }
      guard case .malformed? = failure else {
        Issue.record("\(String(describing: failure))")
        continue
      }
    }
  }

  @Test func `a port on which nobody listens is unreachable`() throws {
    let address = try #require(WebAddress("http://127.0.0.1:\(freePort())"))
    let failure = #expect(throws: OutboundFailure.self) {
      try OutboundClient().send(OutboundRequest(address, milliseconds: 10_000))
    }
    #expect(failure?.description.hasPrefix("The server cannot be reached: ") == true)
  }

  @Test(arguments: [
    "https://id.example", "https://id.example:8443/realms/a?b=c", "http://localhost:80/x", "http://127.0.0.1",
    "http://127.255.3.4:9/x", "http://[::1]:8080/", "HTTPS://id.example/",
  ])
  func `the shop calls https, and http on this machine`(text: String) throws {
    let address = try #require(WebAddress(text))
    #expect(address.text == text)
  }

  @Test(arguments: [
    "", "id.example", "//id.example", "http://id.example", "http://127.0.0.1.example", "http://128.0.0.1",
    "http://localhost.example", "http://[::2]", "http://10.0.0.1", "ftp://id.example", "file:///etc/passwd",
    "https://", "https://user@id.example", "https://user:word@id.example", "http://127.0.0.1@id.example",
    "http://id.example#@127.0.0.1", "https://id.example/#x", "https://id.example/a b", "https://id.example/\n",
    "https://ид.example", "https://id.example/" + String(repeating: "a", count: 2048),
  ])
  func `no other address is called`(text: String) {
    #expect(WebAddress(text) == nil)
  }
}
