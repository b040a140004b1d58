internal import HTTP
internal import Identity
internal import Notation
internal import Postgres

/// Turns what went wrong into the answer for it, in the dialect of the path. Nothing else decides about errors.
struct Answers {
  let dialect: Dialect
  let requestID: String

  func answer(to error: any Error) -> Response {
    switch error {
    case let failure as RequestFailure: answer(to: failure)
    case let shape as ShapeError: answer(to: .shape(shape))
    case let refusal as CallerRefusal: answer(to: refusal)
    case let refusal as PeopleRefusal: answer(to: refusal)
    case let error as PostgresError where error.isBadInput:
      respond(Fault(400, "invalid_value", "A value cannot be stored."))
    case let error as PostgresError where error.isUnavailable:
      respond(Fault(503, "unavailable", "The service is not available at the moment.")).with("Retry-After", "1")
    default: respond(Fault(500, "internal_error", "Something went wrong on our side."))
    }
  }

  private func answer(to failure: RequestFailure) -> Response {
    switch failure {
    case .unknownPath:
      respond(Fault(404, "not_found", "There is nothing at this path."))
    case .wrongMethod(let allow):
      respond(Fault(405, "method_not_allowed", "This path allows \(allow).")).with("Allow", allow)
    case .malformedPath:
      respond(Fault(400, "malformed_path", "The path cannot be decoded as UTF-8."))
    case .bodyTooLarge(let limitBytes):
      respond(Fault(413, "body_too_large", "The body is larger than \(limitBytes) bytes."))
    case .bodyIncomplete:
      respond(Fault(400, "body_incomplete", "The body is not as long as was announced."))
    case .queuedTooLong:
      respond(Fault(503, "overloaded", "The request waited too long for its turn.")).with("Retry-After", "1")
    case .shape(let error):
      respond(Fault(422, "invalid_request", "\(error.location.joined(separator: ".")): \(error.message)", error))
    }
  }

  private func answer(to refusal: CallerRefusal) -> Response {
    switch refusal {
    case .noToken: challenge(Fault(401, "missing_token", "A token is needed."))
    // Which of its kinds it was is nobody's business but the log's.
    case .badToken, .badTelegram:
      challenge(Fault(401, "invalid_token_signature", "The token is not valid."), error: "invalid_token")
    case .revoked: challenge(Fault(401, "token_revoked", "The token was revoked."), error: "invalid_token")
    case .inactive: respond(Fault(dialect == .merch ? 401 : 403, "inactive", "This account is not active."))
    case .forbidden: respond(Fault(403, "forbidden", "This is not allowed to you."))
    }
  }

  private func challenge(_ fault: Fault, error: String? = nil) -> Response {
    respond(fault).with("WWW-Authenticate", "Bearer" + (error.map { " error=\"\($0)\"" } ?? ""))
  }

  private func answer(to refusal: PeopleRefusal) -> Response {
    switch refusal {
    case .unknownUser: respond(Fault(404, "not_found", "User not found"))
    case .usernameTaken: respond(Fault(409, "username_taken", "This name is taken."))
    case .emailTaken: respond(Fault(409, "email_taken", "This email is taken."))
    case .lastAdmin: respond(Fault(409, "last_admin", "Somebody has to stay admin."))
    case .wrongCredentials: challenge(Fault(401, "invalid_credentials", "Name or password is wrong."))
    case .refreshRefused: challenge(Fault(401, "invalid_refresh_token", "The refresh token is not valid."))
    case .inactive: answer(to: CallerRefusal.inactive)
    case .tooManyFailures(let seconds):
      respond(Fault(429, "too_many_failures", "Too many wrong passwords; try again in \(seconds) seconds."))
        .with("Retry-After", "\(seconds)").with("RateLimit-Policy", "\"failures\";q=10")
        .with("RateLimit", "\"failures\";r=0;t=\(seconds)")
    }
  }

  private struct Fault {
    let status: Int
    let code: String
    let message: String
    let shape: ShapeError?

    init(_ status: Int, _ code: String, _ message: String, _ shape: ShapeError? = nil) {
      self.status = status
      self.code = code
      self.message = message
      self.shape = shape
    }
  }

  private func respond(_ fault: Fault) -> Response {
    switch dialect {
    case .merch:
      // Its contract knows 400 for all that is wrong with a request, but for path and method.
      let status = [413, 422].contains(fault.status) ? 400 : fault.status
      return .json(["errors": .string(fault.message)], status: status)
    case .inventory:
      return .json(
        ["error": .string(fault.code), "message": .string(fault.message)],
        status: fault.status == 422 ? 400 : fault.status)
    case .problem:
      return .json(problem(fault), status: fault.status, type: "application/problem+json")
    }
  }

  /// RFC 9457, with the list that clients of the common Python stack expect on 422.
  private func problem(_ fault: Fault) -> JSON {
    let places = fault.shape.map { shape -> JSON in
      [
        [
          "loc": .array(shape.location.map(JSON.string)), "msg": .string(shape.message),
          "type": .string(shape.kind.rawValue),
        ]
      ]
    }
    return .members([
      "type": "about:blank",
      "title": .string(Response.reason(fault.status)),
      "status": .integer(fault.status),
      "detail": places ?? .string(fault.message),
      "code": .string(fault.code),
      "request_id": .string(requestID),
      "error": fault.status == 500 ? "internal_error" : nil,
    ])
  }
}
