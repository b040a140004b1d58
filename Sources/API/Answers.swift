internal import HTTP
internal import Identity
internal import Ledger
internal import Notation
internal import Postgres
internal import Shop
internal import Tokens

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
    case let refusal as NameRefusal:
      answer(to: .shape(ShapeError(["body", "username"], refusal.description, .malformed)))
    case let refusal as LedgerRefusal: answer(to: refusal)
    case let repeated as RepeatedRefusal: answer(to: repeated.refusal).marked(true)
    case let refusal as CatalogueRefusal: answer(to: refusal)
    case let refusal as PictureRefusal: answer(to: refusal)
    case let refusal as IdempotencyRefusal: answer(to: refusal)
    case let refusal as InventoryRefusal: respond(Fault(400, refusal.code, refusal.message))
    case let error as PostgresError where error.refusesActor: answer(to: CallerRefusal.forbidden)
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
      respond(Fault(422, "invalid_request", error.complaints.map(\.sentence).joined(separator: "; "), error))
    }
  }

  private func answer(to refusal: CallerRefusal) -> Response {
    switch refusal {
    case .noToken: challenge(Fault(401, "missing_token", "A token is needed."))
    // The inventory's clients tell what is no token at all from one that does not hold.
    case .badToken(.malformed) where dialect == .inventory, .badTelegram(.malformed) where dialect == .inventory:
      challenge(Fault(401, "invalid_token_format", "This is no token."), error: "invalid_token")
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
    case .noTimeToHash:
      respond(Fault(503, "overloaded", "Too many are signing in at the moment.")).with("Retry-After", "1")
    case .tooManyFailures(let seconds):
      respond(Fault(429, "too_many_failures", "Too many wrong passwords; try again in \(seconds) seconds."))
        .with("Retry-After", "\(seconds)").with("RateLimit-Policy", "\"failures\";q=10")
        .with("RateLimit", "\"failures\";r=0;t=\(seconds)")
    }
  }

  private func answer(to refusal: LedgerRefusal) -> Response {
    switch refusal {
    case .insufficientFunds(let available, let required):
      respond(
        Fault(
          409, "insufficient_funds", "insufficient balance: not enough coins (\(available) there, \(required) asked)"),
        ["available": .integer(available), "required": .integer(required)])
    case .outOfStock(let available, let required):
      respond(
        Fault(409, "out_of_stock", "There are \(available) left, not \(required)."),
        ["available": .integer(available), "required": .integer(required)])
    case .unknownRecipient: respond(Fault(404, "unknown_recipient", "There is no user of this name."))
    case .toOneself: respond(Fault(409, "to_oneself", "Coins cannot be sent to oneself."))
    case .unknownItem: respond(Fault(dialect == .inventory ? 400 : 404, "unknown_item", "There is no such item."))
    case .overflow: respond(Fault(409, "overflow", "Nobody can have that much."))
    case .keyReused where dialect == .inventory:
      respond(Fault(409, "operation_conflict", "This operation_id was used for something else."))
    case .keyReused:
      respond(
        Fault(
          422, "idempotency_key_reused", "This Idempotency-Key was used for something else.",
          ShapeError(["header", "Idempotency-Key"], "This key was used for something else", .malformed)))
    case .unknownOperation: respond(Fault(404, "operation_not_found", "There is no such transfer of yours."))
    case .unknownUser: respond(Fault(404, "unknown_user", "There is no such user."))
    case .unknownCollection: respond(Fault(400, "unknown_collection", "An item does not come in this collection."))
    case .unknownQualityLevel: respond(Fault(400, "unknown_quality_level", "An item does not come in this quality."))
    case .insufficientItems(let missing):
      .json(
        .members([
          "error": "insufficient_items", "message": "There are not enough items.",
          "missing_items": try? JSON(parsing: missing),
        ]), status: 400)
    case .reservationNotFound: respond(Fault(404, "operation_not_found", "There is no such reservation."))
    case .reservationClosed: respond(Fault(409, "reservation_closed", "The reservation is closed already."))
    case .tooLate: respond(Fault(409, "too_late", "It is too late to take this transfer back."))
    }
  }

  private func answer(to refusal: CatalogueRefusal) -> Response {
    switch refusal {
    case .unknownItem: respond(Fault(404, "not_found", "Item not found"))
    case .unknownVariant:
      respond(
        Fault(
          422, "invalid_request", "The item does not come in this collection or quality.",
          ShapeError(["query"], "The item does not come in this collection or quality", .malformed)))
    case .codeTaken: respond(Fault(409, "code_taken", "There is an item of this code already."))
    case .changedMeanwhile: respond(Fault(412, "changed_meanwhile", "It is no longer as If-Match says."))
    case .conditionMissing: respond(Fault(428, "condition_missing", "If-Match is needed here."))
    }
  }

  private func answer(to refusal: PictureRefusal) -> Response {
    switch refusal {
    case .tooLarge: respond(Fault(413, "image_too_large", "An image has 2 MB at most."))
    case .unknownFormat: respond(Fault(415, "image_format", "This is no PNG, JPEG or WebP."))
    case .tooManyPixels:
      respond(
        Fault(
          422, "image_dimensions", "An image is 8192 pixels wide and high at most.",
          ShapeError(["body"], "An image is 8192 pixels wide and high at most", .malformed)))
    }
  }

  private func answer(to refusal: IdempotencyRefusal) -> Response {
    switch refusal {
    case .missing: respond(Fault(400, "idempotency_key_missing", "Idempotency-Key is needed here."))
    case .malformed:
      respond(Fault(400, "idempotency_key_malformed", "Idempotency-Key has 1 to 255 printable ASCII characters."))
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

  private func respond(_ fault: Fault, _ details: KeyValuePairs<String, JSON?> = [:]) -> Response {
    switch dialect {
    case .merch:
      // Its contract knows 400 for all that is wrong with a request, but for path and method.
      let isKnown = [401, 405, 429, 500, 503].contains(fault.status) || fault.code == "not_found"
      let status = isKnown ? fault.status : 400
      return .json(["errors": .string(fault.message)], status: status)
    case .inventory:
      let figures = details.isEmpty ? nil : JSON.members(details)
      return .json(
        .members(["error": .string(fault.code), "message": .string(fault.message), "details": figures]),
        status: fault.status == 422 ? 400 : fault.status)
    case .problem:
      let members = problem(fault).adding(details)
      return .json(members, status: fault.status, type: "application/problem+json")
    }
  }

  /// RFC 9457, with the list that clients of the common Python stack expect on 422.
  private func problem(_ fault: Fault) -> JSON {
    let places = fault.shape.map { JSON.array($0.complaints.map(\.json)) }
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

extension ShapeError.Complaint {
  fileprivate var sentence: String { location.joined(separator: ".") + ": " + message }

  fileprivate var json: JSON {
    [
      "loc": .array(location.map(JSON.string)), "msg": .string(message), "type": .string(kind.rawValue),
    ]
  }
}
