// Knows how a request comes off the wire and how an answer goes back. Refuses to know what is asked.

internal import CFastCGI
package import HTTP

/// The worker's end of the socket that all workers of a pool share.
package struct Responder: ~Copyable {
  /// Why the loop came to its end.
  package enum End: Equatable, Sendable {
    case told  // SIGTERM or SIGUSR1
    case chosen  // the caller had enough
    case failed(errno: Int32)
  }

  private var state = cfcgi()
  private let bodyLimitBytes: (Request) -> Int

  /// The listening socket is file descriptor 0, as spawn-fcgi and systemd hand it over.
  /// How large a body may be is decided before it is read, by what is known of its request.
  package init(listener: Int32 = 0, bodyLimitBytes: @escaping (Request) -> Int) throws(ListenerError) {
    self.bodyLimitBytes = bodyLimitBytes
    guard cfcgi_open(&state, listener) == 0 else { throw ListenerError() }
  }

  deinit {
    var state = state
    cfcgi_close(&state)
  }

  /// Call first of all, so that no signal is lost while the worker is still being set up.
  package static func holdSignals() { cfcgi_block_signals() }

  /// Connections that came to nothing: left while queued, silent, or no FastCGI.
  package var discarded: (stale: UInt64, silent: UInt64, malformed: UInt64) {
    (state.stale, state.silent, state.malformed)
  }

  /// Serves one request after the other. `between` runs after each, and after each `tick` without one;
  /// when it returns false, what was accepted by then is still served.
  package mutating func serve(
    tickMilliseconds: Int32,
    answer: (Result<Request, Rejection>) -> Response,
    between: (_ wasIdle: Bool, _ discarded: (stale: UInt64, silent: UInt64, malformed: UInt64)) -> Bool
  ) -> End {
    var hasEnough = false
    while true {
      let event = cfcgi_next(&state, tickMilliseconds)
      switch event {
      case CFCGI_REQUEST:
        let request = receive()
        send(answer(request), withoutBody: request.isHead)
      case CFCGI_IDLE: break
      case CFCGI_STOP: return hasEnough ? .chosen : .told
      default: return .failed(errno: currentErrno())
      }
      if !between(event == CFCGI_IDLE, discarded) {
        hasEnough = true
        cfcgi_leave(&state)
      }
    }
  }

  private mutating func receive() -> Result<Request, Rejection> {
    let parameters = Parameters(cfcgi_parameters(&state))
    var request = parameters.request
    do throws(RequestFailure) {
      request.body = try body(lengthText: parameters.contentLength, limitBytes: bodyLimitBytes(request))
    } catch {
      return .failure(Rejection(request: request, failure: error))
    }
    guard parameters.isWhole else { return .failure(Rejection(request: request, failure: .malformedPath)) }
    return .success(request)
  }

  /// The whole body or none: what is shorter or longer than announced is not acted on.
  private mutating func body(lengthText: String, limitBytes: Int) throws(RequestFailure) -> [UInt8] {
    guard let length = lengthText.isEmpty ? 0 : Int(lengthText), length >= 0 else { throw .bodyIncomplete }
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
    return bytes
  }

  /// What is left unread when the socket closes makes its other end forget the answer, so it is read to its end,
  /// within bounds: nginx has it all at hand.
  private mutating func discard() {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    for _ in 0..<64 where cfcgi_read(&state, &chunk, Int32(chunk.count)) <= 0 { return }
  }

  private mutating func send(_ response: Response, withoutBody: Bool) {
    let head = Wire.head(of: response)
    let body = withoutBody ? [] : response.body
    // A peer that left before its answer gets none; there is nothing else to do for it.
    _ = cfcgi_finish(&state, head, Int32(head.count), body, Int32(body.count))
  }
}

/// A request that cannot be handed on, with as much of it as is known, so that it can be answered.
package struct Rejection: Error {
  package let request: Request
  package let failure: RequestFailure
}

package struct ListenerError: Error, CustomStringConvertible {
  package let description = "file descriptor 0 is no listening socket: start workers through spawn-fcgi or systemd"
}

extension Result where Success == Request, Failure == Rejection {
  package var request: Request {
    switch self {
    case .success(let request): request
    case .failure(let rejection): rejection.request
    }
  }

  fileprivate var isHead: Bool { request.method == .head }
}
