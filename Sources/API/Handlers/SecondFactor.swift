internal import HTTP
internal import Identity
internal import Notation
internal import Postgres
internal import Telemetry

func showSecondFactor(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let state = try SecondFactor.state(of: visit.caller.id, on: connection)
  return .json(["enrolled": .bool(state.isEnrolled), "recovery_codes_left": .integer(state.recoveryCodesLeft)])
}

func beginSecondFactor(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let pending = try SecondFactor.begin(visit.caller.id, visit.caller.username, on: connection)
  return .json(["secret": .string(pending.secret), "otpauth_url": .string(pending.url)], status: 201)
}

func confirmSecondFactor(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let offer = try SecondFactor.Offer(bodyOf: request)
  let codes = try SecondFactor.confirm(offer, of: visit.caller.id, from: request.clientAddress, on: connection)
  return .json(["recovery_codes": .list(codes)])
}

func renewRecoveryCodes(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let offer = try SecondFactor.Offer(bodyOf: request)
  let codes = try SecondFactor.renewRecoveryCodes(
    offer, of: visit.caller.id, from: request.clientAddress, on: connection)
  return .json(["recovery_codes": .list(codes)])
}

func removeSecondFactor(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let offer = try SecondFactor.Offer(bodyOf: request)
  try SecondFactor.remove(
    offer, of: visit.caller.id,
    isRequired: visit.context.desk.adminSecondFactor == .required && visit.caller.role == .admin,
    from: request.clientAddress, on: connection)
  return Response(204)
}

extension SecondFactor.Offer {
  init(_ code: String?, _ request: Request) { self.init(code, now: Clock.unixSeconds, requestID: request.id) }

  fileprivate init(bodyOf request: Request) throws {
    let body = try Reader(bodyOf: request)
    self.init(try body.finish(body.text("code", 1...64, isRequired: true)), request)
  }
}

extension JSON {
  static func list(_ texts: [String]) -> JSON { .array(texts.map(JSON.string)) }
}
