internal import HTTP
internal import Identity
internal import Ledger
internal import Notation
internal import Postgres
internal import Shop
internal import Tokens

/// Turns an error into its answer, in the dialect of the path. Each refusal has its status, code and sentence here, and
/// nowhere else.
struct Answers {
  let dialect: Dialect
  let requestID: String
  /// Whether the client is a browser that shows what it gets.
  var asksForPage = false

  func answer(to error: any Error) -> Response {
    switch error {
    case let failure as RequestFailure: answer(to: failure)
    case let shape as ShapeError: answer(to: .shape(shape))
    case let refusal as CallerRefusal: answer(to: refusal)
    case let refusal as PeopleRefusal: answer(to: refusal)
    case let refusal as OpenIDRefusal: answer(to: refusal)
    case let refusal as NameRefusal:
      answer(to: .shape(ShapeError(["body", "username"], refusal.description, .malformed)))
    case let refusal as LedgerRefusal: answer(to: refusal).marked(refusal.isRepeated)
    case let refusal as OrderRefusal: answer(to: refusal)
    case let refusal as VariantRefusal: answer(to: refusal)
    case let refusal as CatalogueRefusal: answer(to: refusal)
    case let refusal as PictureRefusal: answer(to: refusal)
    case let refusal as IdempotencyRefusal: answer(to: refusal)
    case let refusal as InventoryRefusal: answer(to: refusal)
    case let error as PostgresError where error.refusesActor: answer(to: CallerRefusal.forbidden)
    case let error as PostgresError where error.isBadInput: respond(400, "invalid_value", "A value cannot be stored.")
    case let error as PostgresError where error.isUnavailable:
      respond(503, "unavailable", "The service is not available at the moment.").with("Retry-After", "1")
    default: respond(500, "internal_error", "Something went wrong on our side.")
    }
  }

  private func answer(to failure: RequestFailure) -> Response {
    switch failure {
    case .unknownPath: respond(404, "not_found", "There is nothing at this path.")
    case .wrongMethod(let allow):
      respond(405, "method_not_allowed", "This path allows \(allow).").with("Allow", allow)
    case .malformedPath: respond(400, "malformed_path", "The path cannot be decoded as UTF-8.")
    case .bodyTooLarge(let limitBytes): respond(413, "body_too_large", "The body is larger than \(limitBytes) bytes.")
    case .bodyIncomplete: respond(400, "body_incomplete", "The body does not have the announced length.")
    case .queuedTooLong:
      respond(503, "overloaded", "The request waited too long for a worker.").with("Retry-After", "1")
    case .shape(let error):
      respond(422, "invalid_request", error.complaints.map(\.sentence).joined(separator: "; "), at: error.complaints)
    }
  }

  private func answer(to refusal: CallerRefusal) -> Response {
    switch refusal {
    case .noToken: challenge("missing_token", "This request needs a token. Sign in first.")
    // Clients of the inventory distinguish a malformed token from an invalid one.
    case .badToken(.malformed) where dialect == .inventory, .badTelegram(.malformed) where dialect == .inventory:
      challenge("invalid_token_format", "This is not a token. Sign in again.", error: "invalid_token")
    // The log says why. A client that forges tokens should not learn it.
    case .badToken, .badTelegram:
      challenge("invalid_token_signature", "The token is not valid. Sign in again.", error: "invalid_token")
    case .revoked where dialect == .page: respond(401, "account_deleted", "Your account in this shop was deleted.")
    case .revoked: challenge("token_revoked", "The token was revoked. Sign in again.", error: "invalid_token")
    case .inactive: respond(dialect == .merch ? 401 : 403, "inactive", "This account is not active.")
    case .forbidden: respond(403, "forbidden", "Your role does not allow this.")
    case .otherSite: respond(403, "other_site", "The page of another site sent this request.")
    }
  }

  private func challenge(_ code: String, _ sentence: String, error: String? = nil) -> Response {
    respond(401, code, sentence).with("WWW-Authenticate", "Bearer" + (error.map { " error=\"\($0)\"" } ?? ""))
  }

  private func answer(to refusal: PeopleRefusal) -> Response {
    switch refusal {
    case .unknownUser: respond(404, "not_found", "User not found")
    case .usernameTaken: respond(409, "username_taken", "Another user has this name. Choose another one.")
    case .emailTaken: respond(409, "email_taken", "Another user has this email address.")
    case .identityTaken:
      respond(409, "identity_taken", "This identity belongs to another user, who may have been deleted.")
    case .unknownIdentity: respond(404, "not_found", "This user has no such identity.")
    case .lastAdmin: respond(409, "last_admin", "The shop needs at least one admin. Make somebody else admin first.")
    case .wrongCredentials: challenge("invalid_credentials", "Name or password is wrong.")
    case .refreshRefused: challenge("invalid_refresh_token", "The refresh token is not valid. Sign in again.")
    case .inactive: answer(to: CallerRefusal.inactive)
    case .noTimeToHash:
      respond(503, "overloaded", "Too many people are signing in. Try again in a moment.").with("Retry-After", "1")
    case .secondFactorMissing: challenge("totp_required", "This account needs a code besides the password.")
    case .secondFactorWrong: challenge("totp_invalid", "The code is wrong or was used. Wait for the next one.")
    case .enrolmentRequired(let pending):
      respond(
        dialect == .merch ? 401 : 403, "totp_enrolment_required",
        pending == nil
          ? "Admins need a second factor here. Set it up by signing in at /api/v1/auth/login."
          : "Admins need a second factor here. Give the secret to an app for codes, and sign in again with its code.",
        ["secret": pending.map { .string($0.secret) }, "otpauth_url": pending.map { .string($0.url) }])
    case .secondFactorEnrolled:
      respond(409, "totp_enrolled", "You have a second factor already. Remove it first.")
    case .secondFactorUnknown: respond(409, "totp_missing", "You have no second factor. Ask for a secret first.")
    case .secondFactorRequired:
      respond(409, "totp_required_here", "Admins need a second factor here, so you cannot remove yours.")
    case .signUpClosed: respond(403, "sign_up_closed", "New people need an invitation. Ask an admin of the shop.")
    case .invitationRefused:
      respond(403, "invitation_refused", "This invitation is not valid for this address. Ask for a new one.")
    case .unknownInvitation: respond(404, "not_found", "There is no such invitation.")
    case .invitationUsed: respond(409, "invitation_used", "This invitation has been used already.")
    case .passwordLoginOff:
      respond(
        dialect == .merch ? 401 : 403, "password_login_off", "This shop has single sign-on instead of passwords.")
    case .wrongPassword: respond(403, "wrong_password", "The present password is wrong.")
    case .resetRefused: respond(403, "reset_refused", "This link is not valid. Ask an admin for a new one.")
    case .unknownSession: respond(404, "not_found", "You have no such session.")
    case .tooManyNewUsers(let seconds, let perHour):
      respond(429, "too_many_new_users", "Too many people have registered from here. Try again in \(seconds) seconds.")
        .with("Retry-After", "\(seconds)").with("RateLimit-Policy", "\"new-users\";q=\(perHour);w=3600")
        .with("RateLimit", "\"new-users\";r=0;t=\(seconds)")
    case .tooManyFailures(let seconds):
      respond(429, "too_many_failures", "Too many wrong passwords; try again in \(seconds) seconds.")
        .with("Retry-After", "\(seconds)").with("RateLimit-Policy", "\"failures\";q=10")
        .with("RateLimit", "\"failures\";r=0;t=\(seconds)")
    }
  }

  private func answer(to refusal: OpenIDRefusal) -> Response {
    switch refusal {
    case .noTicket:
      respond(
        400, "sign_in_not_started", "This browser has not started this sign-in, or keeps no cookies. Start again.")
    case .forgedTicket: respond(400, "sign_in_unknown", "This shop does not know this sign-in. Start again.")
    case .expiredTicket: respond(400, "sign_in_expired", "This sign-in took more than ten minutes. Start again.")
    case .otherState: respond(400, "sign_in_mismatch", "This answer belongs to another sign-in. Start again.")
    case .otherIssuer: respond(400, "wrong_provider", "This answer does not come from this shop's sign-in service.")
    case .declined: respond(403, "sign_in_declined", "The sign-in service did not sign you in.")
    case .noCode: respond(400, "no_code", "The sign-in service sent no usable answer. Start again.")
    case .alreadyUsed: respond(409, "sign_in_used", "This sign-in has been used already. Start again.")
    case .codeRefused: respond(400, "code_refused", "The sign-in service no longer accepts this sign-in. Start again.")
    case .notInGroup: respond(403, "not_in_group", "You are not in the group that may use this shop. Ask its admin.")
    // The state is not spent yet, so the same request may succeed in a moment.
    case .busy:
      respond(503, "overloaded", "Many people are signing in. This page tries again in a moment.")
        .with("Retry-After", "1").with("Refresh", "1")
    case .unreachable:
      respond(503, "provider_unreachable", "The sign-in service does not answer. Try again in a few minutes.")
        .with("Retry-After", "5")
    case .badProvider:
      respond(503, "provider_failed", "The sign-in service does not work with this shop. Tell an admin of the shop.")
    case .badIDToken:
      respond(
        503, "identity_refused", "The sign-in service's word about you cannot be trusted. Tell an admin of the shop.")
    }
  }

  private func answer(to refusal: LedgerRefusal) -> Response {
    let (word, available, required) = (refusal.word.rawValue, refusal.available, refusal.required)
    switch refusal.word {
    case .insufficientFunds:
      return respond(
        409, word, "insufficient balance: not enough coins (you have \(available), this needs \(required))",
        ["available": .integer(available), "required": .integer(required)])
    case .outOfStock:
      return respond(
        409, word, "There are \(available) left; you asked for \(required).",
        ["available": .integer(available), "required": .integer(required)])
    case .limitReached:
      return respond(
        409, word, "You may have \(available) more of this item; you asked for \(required).",
        ["available": .integer(available), "required": .integer(required)])
    case .unknownVariant:
      return respond(422, word, "The shop does not sell the item in this collection and quality level.")
    case .unknownRecipient: return respond(404, word, "There is no user of this name.")
    case .toOneself: return respond(409, word, "You cannot send coins to yourself.")
    case .unknownItem: return respond(dialect == .inventory ? 400 : 404, word, "There is no such item.")
    case .overflow: return respond(409, word, "The balance would become too large.")
    case .keyReused where dialect == .inventory:
      return respond(409, "operation_conflict", "This operation_id was used for another operation. Choose a new one.")
    case .keyReused:
      let sentence = "This Idempotency-Key was used for another request. Choose a new one."
      return respond(
        422, "idempotency_key_reused", sentence,
        at: ShapeError(["header", "Idempotency-Key"], sentence, .malformed).complaints)
    case .unknownOperation: return respond(404, "operation_not_found", "You have no such transfer.")
    case .unknownUser: return respond(404, word, "There is no such user.")
    case .unknownCollection: return respond(400, word, "One of the items does not come in this collection.")
    case .unknownQualityLevel: return respond(400, word, "One of the items does not come in this quality level.")
    case .insufficientItems:
      return .object(
        [
          "error": .json(.string(word)), "message": .json("There are not enough items."),
          "missing_items": refusal.missing.map(WireValue.stored),
        ], status: 400)
    case .reservationNotFound: return respond(404, "operation_not_found", "There is no such reservation.")
    case .reservationClosed: return respond(409, word, "The reservation is already closed.")
    case .tooLate: return respond(409, word, "It is too late to undo this transfer.")
    case .grantExists:
      return respond(409, word, "A grant with other content has this name. Choose another name.")
    case .unknownGrant: return respond(404, "not_found", "There is no grant of this name.")
    }
  }

  private func answer(to refusal: OrderRefusal) -> Response {
    let answer = refusal.answer
    let kind = refusal.word == .reasonMissing ? ShapeError.Kind.missing : .malformed
    let places = answer.place.map { ShapeError($0, answer.sentence, kind).complaints } ?? []
    return respond(answer.status, answer.code, answer.sentence, at: places)
  }

  private func answer(to refusal: VariantRefusal) -> Response {
    let complaints = refusal.mistakes.flatMap { mistake in
      let choices = mistake.choices.isEmpty ? "" : ": it comes in \(mistake.choices.joined(separator: ", "))"
      let sentence = mistake.isMissing ? "Field required\(choices)" : "The shop does not sell the item so\(choices)"
      return ShapeError(["body", mistake.member.rawValue], sentence, mistake.isMissing ? .missing : .malformed)
        .complaints
    }
    return answer(to: .shape(ShapeError(complaints)))
  }

  private func answer(to refusal: CatalogueRefusal) -> Response {
    switch refusal {
    case .unknownItem: return respond(404, "not_found", "Item not found")
    case .unknownVariant:
      let sentence = "The item does not come in this collection or quality level."
      return respond(422, "invalid_request", sentence, at: ShapeError(["query"], sentence, .malformed).complaints)
    case .codeTaken: return respond(409, "code_taken", "Another item has this code. Choose another one.")
    case .unknownClassifier: return respond(404, "not_found", "Only quality_level and collection can be extended.")
    case .classifierTaken:
      return respond(409, "code_taken", "This classifier has the code already. Choose another one.")
    case .unknownPicture: return respond(404, "not_found", "This variant of the item has no picture.")
    case .soldInVariants:
      let sentence = "The item is sold in its variants only. Set the stock of each of them"
      return answer(to: .shape(ShapeError(["body", "stock"], sentence, .malformed)))
    case .unlistedVariant(let member):
      let sentence = "The list of the item's variants has no such variant. Set the list first"
      return answer(to: .shape(ShapeError(["body", member.rawValue], sentence, .malformed)))
    case .variantOnSale:
      let sentence = "A variant in the item's list has such a collection or quality level. Take it from the list first."
      return respond(409, "variant_on_sale", sentence)
    case .changedMeanwhile:
      return respond(412, "changed_meanwhile", "The item has changed since you read it. Read it again.")
    case .conditionMissing: return respond(428, "condition_missing", "This request needs the header If-Match.")
    }
  }

  private func answer(to refusal: PictureRefusal) -> Response {
    switch refusal {
    case .tooLarge: return respond(413, "image_too_large", "A picture may have at most 2 MB.")
    case .unknownFormat: return respond(415, "image_format", "This is not a PNG, JPEG or WebP picture.")
    case .tooManyPixels:
      let sentence = "A picture may be at most 8192 pixels wide and high."
      return respond(422, "image_dimensions", sentence, at: ShapeError(["body"], sentence, .malformed).complaints)
    }
  }

  private func answer(to refusal: IdempotencyRefusal) -> Response {
    switch refusal {
    case .missing: respond(400, "idempotency_key_missing", "This request needs the header Idempotency-Key.")
    case .malformed:
      respond(400, "idempotency_key_malformed", "An Idempotency-Key has 1 to 255 printable ASCII characters.")
    }
  }

  private func answer(to refusal: InventoryRefusal) -> Response {
    switch refusal {
    case .section: respond(400, "invalid_section", "A section is main, factory or trade.")
    case .noItems: respond(400, "no_items", "Send from 1 to 1000 items.")
    case .quantity:
      respond(
        400, "invalid_quantity",
        "A quantity is a whole number from 1 to 2^53 - 1. A change may also be negative, but not 0.")
    case .comment: respond(400, "comment_too_long", "A comment has at most 500 characters.")
    case .reason: respond(400, "invalid_reason", "A reason has from 10 to 500 characters.")
    case .collection: respond(400, "unknown_collection", "There is no such collection.")
    case .qualityLevel: respond(400, "unknown_quality_level", "There is no such quality level.")
    case .operationType: respond(400, "unknown_operation_type", "There is no such operation type.")
    case .expiry: respond(400, "invalid_expires_in", "expires_in is a whole number of seconds from 1 to 31536000.")
    case .reservationStatus: respond(400, "invalid_status", "Only open reservations are listed: status=open.")
    case .range: respond(400, "invalid_range", Day.rangeRule())
    case .tooMuch:
      respond(400, "invalid_range", "An answer has at most \(Inventory.mostDaily) quantities. Ask for fewer days.")
    }
  }
}

extension OrderRefusal {
  /// Many orders in one request are each answered with it.
  var answer: (status: Int, code: String, sentence: String, place: [String]?) {
    switch word {
    case .unknownOrder: (404, "not_found", "There is no such order.", nil)
    case .isOrdered: (409, word.rawValue, "The order is not ready yet.", nil)
    case .isReady: (409, word.rawValue, "The order is ready to be fetched.", nil)
    case .isHandedOver: (409, word.rawValue, "The order was handed over already.", nil)
    case .isCancelled: (409, word.rawValue, "The order was cancelled.", nil)
    case .isReturned: (409, word.rawValue, "The goods of this order were returned.", nil)
    case .reasonMissing:
      (422, "invalid_request", "Field required: the owner of the order is told the reason", ["body", "note"])
    case .goodsGone:
      (409, word.rawValue, "The owner no longer has the goods: they are reserved, used up or given away.", nil)
    case .overflow: (409, word.rawValue, "The balance would become too large.", nil)
    case .tooMany:
      (
        422, "invalid_request",
        "There are more than \(OrderList.mostInTable) orders. Choose a shorter time by from and to.",
        ["query", "from"]
      )
    }
  }
}
