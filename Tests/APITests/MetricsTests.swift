import API
import HTTP
import Postgres
import Support
import Testing

@Suite(.tiers(.api))
struct MetricsTests {
  private func booted() throws -> Booted {
    var group = RouteGroup("/api/v1", .problem)
    group.add(.get, "/things/{id}", .plain { _, _ in .text("x") })
    group.add(.get, "/broken/{id}", .plain { _, _ in throw PostgresError(reason: .mismatch, message: "") })
    return try Booted(routes() + [group], database: .nowhere)
  }

  private func requests(_ route: String, _ status: String) -> String {
    "tuckshop_requests_total{route=\"\(route)\",status=\"\(status)\"}"
  }

  @Test func `the exposition names its format`() throws {
    let answer = try booted().ask(.get, "/metrics")
    #expect(answer.status == 200)
    #expect(answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
    #expect(answer.text.hasPrefix("# HELP "))
    #expect(answer.text.hasSuffix("\n"))
  }

  @Test func `requests are counted by template and class of status`() throws {
    let booted = try booted()
    for id in 0..<5 { _ = booted.ask(.get, "/api/v1/things/\(id)") }
    _ = booted.ask(.head, "/api/v1/things/9")
    _ = booted.ask(.get, "/api/v1/broken/1")
    _ = booted.ask(.get, "/livez")
    #expect(try booted.metric(requests("/api/v1/things/{id}", "2xx")) == "6")
    #expect(try booted.metric(requests("/api/v1/broken/{id}", "5xx")) == "1")
    #expect(try booted.metric(requests("/livez", "2xx")) == "1")
    #expect(try booted.metric("tuckshop_request_seconds_count{route=\"/api/v1/things/{id}\"}") == "6")
  }

  @Test func `unknown paths are counted together`() throws {
    let booted = try booted()
    _ = booted.ask(.get, "/nowhere")
    _ = booted.ask(.get, "/api/info/nowhere")
    _ = booted.ask(.post, "/livez")
    _ = booted.ask(nil, "/livez")
    _ = booted.ask(.get, "/%zz")
    _ = booted.ask(.get, "/livez", failure: .bodyIncomplete)
    #expect(try booted.metric(requests("unmatched", "4xx")) == "6")
    #expect(try booted.metric(requests("/livez", "4xx")) == nil)
  }

  @Test(.tiers(.security)) func `no part of a URL ever becomes a label`() throws {
    let booted = try booted()
    for target in [
      "/api/v1/things/secret1?token=secret2", "/secret3", "/secret4/%zz", "/inventory/secret5\"} 1\nsecret6 1",
      "/api/v1/broken/secret7",
    ] {
      _ = booted.ask(.get, target)
    }
    let text = booted.ask(.get, "/metrics").text
    #expect(!text.contains("secret"))
    let routes = text.matches(of: /route="([^"]*)"/).map { String($0.1) }
    #expect(Set(routes) == ["/api/v1/things/{id}", "/api/v1/broken/{id}", "unmatched"])
  }

  @Test func `all workers count into the same memory`() throws {
    let (one, other) = (try booted(), try booted())
    #expect(one.memory !== other.memory)
    let shared = try Booted.sharing(one.memory)
    _ = one.ask(.get, "/livez")
    let request = Request(.get, "/livez")
    _ = shared.respond(to: request, by: shared.plan(for: request))
    #expect(try one.metric(requests("/livez", "2xx")) == "2")
    #expect(try other.metric(requests("/livez", "2xx")) == nil)
  }
}
