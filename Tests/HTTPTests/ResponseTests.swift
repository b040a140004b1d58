import HTTP
import Notation
import Support
import Testing

@Suite(.tiers(.unit))
struct ResponseTests {
  private func header(_ response: Response, _ name: String) -> [String] {
    response.headers.filter { $0.name == name }.map(\.value)
  }

  @Test func `an answer is 200 and empty by default`() {
    let response = Response()
    #expect(response.status == 200)
    #expect(response.headers.isEmpty)
    #expect(response.body == [])
  }

  @Test func `JSON has its status and its type`() {
    let plain = Response.json(["a": .integer(1)])
    #expect(plain.status == 200)
    #expect(header(plain, "Content-Type") == ["application/json"])
    #expect(plain.body == Array(#"{"a":1}"#.utf8))
    let problem = Response.json("x", status: 422, type: "application/problem+json")
    #expect(problem.status == 422)
    #expect(header(problem, "Content-Type") == ["application/problem+json"])
  }

  @Test func `text is UTF-8 and declares it`() {
    let response = Response.text("да\n")
    #expect(response.status == 200)
    #expect(header(response, "Content-Type") == ["text/plain; charset=utf-8"])
    #expect(response.body == Array("да\n".utf8))
    #expect(header(Response.text("", type: "text/css"), "Content-Type") == ["text/css"])
  }

  @Test func `every status has a reason, even an unknown one`() {
    #expect(Response.reason(200) == "OK")
    #expect(Response.reason(422) == "Unprocessable Content")
    #expect(Response.reason(299) == "Status 299")
  }

  @Test func `a header is added to a copy, after the others`() {
    let first = Response.text("x")
    let second = first.with("Retry-After", "1").with("Link", "a").with("Link", "b")
    #expect(first.headers.count == 1)
    #expect(second.headers.map(\.name) == ["Content-Type", "Retry-After", "Link", "Link"])
    #expect(header(second, "Link") == ["a", "b"])
    #expect(second.body == first.body)
  }
}
