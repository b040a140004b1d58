internal import FastCGI
internal import Glibc
internal import HTTP

/// Answers with what it received, and writes a line for each request that it really ran.
@main
struct Echo {
  static func main() throws {
    Responder.holdSignals()
    var responder = try Responder()
    let end = responder.serve(tickMilliseconds: 200, plan: { _ in ((), bodyLimitBytes: 100_000) }, answer: answer) {
      _, discarded in
      tell("discarded \(discarded.stale) \(discarded.silent) \(discarded.malformed)")
      return true
    }
    tell("end \(end)")
  }

  static func answer(_ request: Request, _ plan: Void, _ failure: RequestFailure?) -> Response {
    if let failure { return Response(400, body: Array("\(failure)".utf8)) }
    tell("ran \(request.path)")
    switch request.path {
    case "/large": return Response(body: [UInt8](repeating: UInt8(ascii: "x"), count: 3_000_000))
    case "/split": return .text("ok").with("X-Split", "a\r\nSet-Cookie: b")
    case "/key":
      let key = Result { try request.headers.readable("Idempotency-Key") }
      return .text((try? key.get().map { "key \($0)" } ?? "no key") ?? "unreadable")
    case "/empty": return Response(204)
    case "/crash": fatalError("as asked")
    case "/sleep":
      // Longer than the worker waits for a silent peer.
      sleep(3)
      return .text("slept")
    default:
      let method = request.method?.rawValue ?? "?"
      let headers = request.headers.fields.map { "\($0.name)=\($0.value)" }.joined(separator: ";")
      return .text("\(method) \(request.path) \(request.body.count) \(headers)")
    }
  }

  static func tell(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = write(2, bytes, bytes.count)
  }
}
