import HTTP
import Support
import Testing

@Suite(.tiers(.unit))
struct RequestTests {
  @Test(arguments: [
    ("/", "/", nil), ("/users", "/users", nil), ("/users?", "/users", ""), ("/users?a=1", "/users", "1"),
    ("/users?a=1?b", "/users", "1?b"), ("/a%3Fa=2", "/a%3Fa=2", nil), ("", "", nil), ("?a=1", "", "1"),
    ("/users?\u{301}&a=1", "/users", "1"), ("/x#a", "/x#a", nil),
  ])
  func `a target has a path and a query`(target: String, path: String, a: String?) throws {
    let request = Request(.get, target)
    #expect(Array(request.path.utf8) == Array(path.utf8))
    #expect(try request.query.optional("a", as: String.self) ?? "" == a ?? "")
  }

  @Test func `a request carries what it is given and no more`() {
    let bare = Request(nil, "/")
    #expect(bare.method == nil)
    #expect(bare.body == [] && bare.clientAddress == "" && bare.id == "" && bare.arrivedMilliseconds == nil)
    #expect(bare.parameters == PathParameters())
    let full = Request(
      .put, "/", headers: ["X": "y"], body: [1], clientAddress: "127.0.0.1", id: "r1", arrivedMilliseconds: 5)
    #expect(full.method == .put && full.headers["x"] == "y" && full.body == [1])
    #expect(full.clientAddress == "127.0.0.1" && full.id == "r1" && full.arrivedMilliseconds == 5)
  }

  @Test(arguments: ["idempotency-key", "Idempotency-Key", "IDEMPOTENCY-KEY", "iDEMPOTENCY-kEY"])
  func `a header is found in any case`(name: String) {
    let headers: Headers = ["IDEMPOTENCY-Key": "k1"]
    #expect(headers[name] == "k1")
  }

  @Test func `the first of two headers of one name counts`() {
    var headers = Headers()
    headers.add("Authorization", "first")
    headers.add("AUTHORIZATION", "second")
    #expect(headers["Authorization"] == "first")
    #expect(headers.fields.count == 2)
  }

  @Test(
    .tiers(.security),
    arguments: [
      "Idempotency-\u{212A}ey", "İdempotency-Key", "Idempotency\u{2010}Key", "Idempotency-Key ", "Idempotency_Key", "",
    ])
  func `a similar-looking header name is another name`(name: String) {
    let headers: Headers = ["Idempotency-Key": "k1"]
    #expect(headers[name] == nil)
    let disguised = Headers(dictionaryLiteral: (name, "k2"))
    #expect(disguised["Idempotency-Key"] == nil)
  }

  @Test func `a header that is not text is unreadable, which differs from missing`() throws {
    var headers: Headers = ["If-Match": "a"]
    Array("IDEMPOTENCY_KEY".utf8).withUnsafeBytes { headers.add(parameter: $0[...], nil) }
    #expect(headers["Idempotency-Key"] == nil && headers.fields.count == 1)
    let refusal = #expect(throws: ShapeError.self) { try headers.readable("Idempotency-Key") }
    #expect(refusal?.location == ["header", "Idempotency-Key"])
    #expect(try headers.readable("If-Match") == "a")
    #expect(try headers.readable("If-None-Match") == nil)
  }

  @Test func `a name in FastCGI's spelling is the same name`() {
    var headers = Headers()
    for (name, value) in [("HTTP_IDEMPOTENCY_KEY", "k1"), ("HTTP_X_\u{212A}", "k2"), ("HTTP_", "k3")] {
      Array(name.utf8).withUnsafeBytes { headers.add(parameter: $0[5...], value) }
    }
    #expect(headers["Idempotency-Key"] == "k1")
    #expect(headers["X-K"] == nil)
    #expect(headers["X-\u{212A}"] == "k2")
    #expect(headers[""] == "k3")
  }

  @Test func `values keep their case and their blanks`() {
    let headers: Headers = ["Authorization": " Bearer AbC "]
    #expect(headers["authorization"] == " Bearer AbC ")
  }
}
