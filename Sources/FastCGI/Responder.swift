// Knows how a request comes off the wire and how an answer goes back. Refuses to know what requests mean.

internal import CFastCGI
internal import Glibc
package import HTTP

/// The worker's end of the socket that all workers of a pool share.
package struct Responder: ~Copyable {
  /// Why the loop ended.
  package enum End: Equatable, Sendable {
    case told  // SIGTERM or SIGUSR1
    case chosen  // `between` returned false
    case failed(errno: Int32)
  }

  private var state = cfcgi()

  /// The listening socket is file descriptor 0, as spawn-fcgi and systemd hand it over.
  package init(listener: Int32 = 0) throws(ListenerError) {
    guard cfcgi_open(&state, listener) == 0 else { throw ListenerError() }
  }

  deinit {
    var state = state
    cfcgi_close(&state)
  }

  /// Call this first, so that no signal is lost while the worker is being set up.
  package static func holdSignals() { cfcgi_block_signals() }

  /// Connections without a request: left while queued, silent, or not FastCGI.
  package var discarded: (stale: UInt64, silent: UInt64, malformed: UInt64) {
    (state.stale, state.silent, state.malformed)
  }

  /// Serves one request after the other. `plan` sees a request's head, and its limit holds for the body; `answer` gets
  /// the same plan, and a failure if the request is incomplete. `between` runs after each request, and after each tick
  /// without one. When it returns false, the requests accepted by then are still served.
  package mutating func serve<Plan>(
    tickMilliseconds: Int32,
    plan: (_ head: Request) -> (Plan, bodyLimitBytes: Int),
    answer: (Request, Plan, RequestFailure?) -> Response,
    between: (_ wasIdle: Bool, _ discarded: (stale: UInt64, silent: UInt64, malformed: UInt64)) -> Bool
  ) -> End {
    var hasEnough = false
    while true {
      let event = cfcgi_next(&state, tickMilliseconds)
      switch event {
      case CFCGI_REQUEST:
        let parameters = Parameters(cfcgi_parameters(&state))
        var request = parameters.request
        let (plan, limitBytes) = plan(request)
        var failure: RequestFailure?
        do throws(RequestFailure) {
          request.body = try body(parameters, limitBytes)
        } catch {
          failure = error
        }
        send(answer(request, plan, failure), withoutBody: request.method == .head)
      case CFCGI_IDLE: break
      case CFCGI_STOP: return hasEnough ? .chosen : .told
      default: return .failed(errno: errno)
      }
      if !between(event == CFCGI_IDLE, discarded) {
        hasEnough = true
        cfcgi_leave(&state)
      }
    }
  }

  /// The whole body, or a failure if it is shorter or longer than announced.
  private mutating func body(_ parameters: Parameters, _ limitBytes: Int) throws(RequestFailure) -> [UInt8] {
    let announced = parameters.contentLength
    guard let length = announced.isEmpty ? 0 : Int(announced), length >= 0 else { throw .bodyIncomplete }
    guard length <= limitBytes else {
      discard()
      throw .bodyTooLarge(limitBytes: limitBytes)
    }
    var count = 0
    // One byte more than announced, to notice a body that goes on.
    let bytes = [UInt8](unsafeUninitializedCapacity: length + 1) { buffer, initialized in
      while count < buffer.count {
        let read = cfcgi_read(&state, buffer.baseAddress! + count, Int32(buffer.count - count))
        if read <= 0 { break }
        count += Int(read)
      }
      initialized = count
    }
    guard count == length, cfcgi_body_broke(&state) == 0 else { throw .bodyIncomplete }
    guard parameters.isWhole else { throw .malformedPath }
    return bytes
  }

  /// Closing a socket with unread input makes the other end lose the answer, so the rest is read, within bounds. nginx
  /// has all of it at hand.
  private mutating func discard() {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    for _ in 0..<64 where cfcgi_read(&state, &chunk, Int32(chunk.count)) <= 0 { return }
  }

  private mutating func send(_ response: Response, withoutBody: Bool) {
    let head = Wire.head(of: response)
    let body = withoutBody ? [] : response.body
    // A peer that left before its answer gets none.
    _ = cfcgi_finish(&state, head, Int32(head.count), body, Int32(body.count))
  }
}

/// The head of an answer as nginx reads it from a FastCGI responder.
enum Wire {
  static func head(of response: Response) -> [UInt8] {
    var head: [UInt8] = []
    head.reserveCapacity(256)
    append("Status", "\(response.status) \(Response.reason(response.status))", to: &head)
    for (name, value) in response.headers { append(name, value, to: &head) }
    // Without a length, nginx would pass on a truncated answer as a complete one.
    if response.status != 204 && response.status != 304 {
      append("Content-Length", String(response.body.count), to: &head)
    }
    head += "\r\n".utf8
    return head
  }

  private static func append(_ name: String, _ value: String, to head: inout [UInt8]) {
    precondition(!name.utf8.contains { $0 <= 0x20 || $0 == UInt8(ascii: ":") }, "bad header name \(name)")
    head += name.utf8
    head += ": ".utf8
    // A line end in a value would begin a new header.
    for byte in value.utf8 { head.append(byte < 0x20 || byte == 0x7F ? 0x20 : byte) }
    head += "\r\n".utf8
  }
}

package struct ListenerError: Error, CustomStringConvertible {
  package let description = "file descriptor 0 is no listening socket: start workers through spawn-fcgi or systemd"
}
