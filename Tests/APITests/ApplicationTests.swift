import API
import HTTP
import Notation
import Postgres
import Support
import Telemetry
import Testing

@Suite(.tiers(.api))
struct ApplicationTests {
  static let plain = ["/health/live", "/livez", "/api/v1/health", "/metrics"]
  static let probing = ["/health", "/health/ready", "/readyz"]

  @Test(arguments: plain + probing) func `every route answers GET and HEAD and no other method`(path: String) throws {
    let booted = try Booted()
    #expect(booted.ask(.get, path).status == 200)
    #expect(booted.ask(.head, path).status == 200)
    for method in [Method.post, .put, .patch, .delete, nil] {
      let answer = booted.ask(method, path)
      #expect(answer.status == 405)
      #expect(answer.header("Allow") == "GET, HEAD")
    }
    #expect(booted.ask(.get, path + "/").status == 404)
    #expect(booted.ask(.get, path + "?anything=1").status == 200)
  }

  @Test func `a request that needs no database never borrows a connection`() throws {
    let booted = try Booted(database: .nowhere)
    for path in Self.plain { #expect(booted.ask(.get, path).status == 200) }
    for path in ["/nowhere", "/%zz", "/inventory/x", "/api/info/x"] { _ = booted.ask(.get, path) }
    _ = booted.ask(.post, "/readyz")
    _ = booted.ask(.get, "/readyz", failure: .bodyTooLarge(limitBytes: 1))
    #expect(booted.lender.opened == 0)
    #expect(booted.lender.failures == 0)
    #expect(try booted.logged().isEmpty)
  }

  @Test func `a handler gets the request with the values of the path parameters`() throws {
    var group = RouteGroup("", .problem)
    group.add(
      .post, "/x/{id}",
      .plain { request, context in
        let id: Int = try request.parameters.require("id")
        return .text("\(id) \(request.headers["a"] ?? "") \(request.body) \(context.requiredSchemaVersion)")
      })
    let booted = try Booted([group], database: .nowhere, requiredSchemaVersion: 12)
    #expect(booted.ask(Request(.post, "/x/7", headers: ["A": "b"], body: [1, 2])).text == "7 b [1, 2] 12")
  }

  private func queueing(_ limits: Application.Limits) throws -> Booted {
    var group = RouteGroup("/api/v1", .problem)
    group.add(
      .get, "/x",
      .plain { _, context in
        context.memory.isDraining = true
        return .text("done")
      })
    return try Booted([group], database: .nowhere, limits: limits)
  }

  @Test func `a request that queued too long is not handled`() throws {
    let booted = try queueing(Application.Limits())
    let answer = booted.ask(Request(.get, "/api/v1/x", arrivedMilliseconds: 1000))
    #expect(answer.status == 503)
    #expect(answer.members["code"] == "overloaded")
    #expect(answer.header("Retry-After") == "1")
    // The handler leaves this mark when it runs.
    #expect(!booted.memory.isDraining)
  }

  @Test func `a recent request, or one with an unknown or future arrival time, is handled`() throws {
    let booted = try queueing(Application.Limits())
    for arrived in [Clock.unixMilliseconds, nil, .max] {
      #expect(booted.ask(Request(.get, "/api/v1/x", arrivedMilliseconds: arrived)).text == "done")
    }
  }

  @Test func `the longest time in the queue can be configured`() throws {
    var limits = Application.Limits()
    limits.queueMilliseconds = .max
    #expect(try queueing(limits).ask(Request(.get, "/api/v1/x", arrivedMilliseconds: 1000)).text == "done")
  }

  @Test func `an error in the path is answered before an error about the queue`() throws {
    let booted = try queueing(Application.Limits())
    #expect(booted.ask(Request(.get, "/nowhere", arrivedMilliseconds: 1)).status == 404)
    #expect(booted.ask(Request(.post, "/api/v1/x", arrivedMilliseconds: 1)).status == 405)
  }
}
