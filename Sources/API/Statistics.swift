internal import HTTP
internal import Identity
internal import Notation
internal import Postgres
internal import Shop

func stats(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  let reader = Reader()
  let last = reader.note(try request.query.optional("to", as: Day.self)) ?? Day.today
  let first = reader.note(try request.query.optional("from", as: Day.self)) ?? last.adding(days: -29)
  let count = reader.note(try request.query.optional("top", in: 1...100)) ?? 10
  try reader.finish()
  guard first.number <= last.number, last.number - first.number < 366 else {
    throw ShapeError(["query", "from"], InventoryRefusal.range.message, .malformed)
  }
  let statistics = Statistics(from: first.text, to: last.text)
  return .members([
    ("from", JSON.string(first.text).bytes), ("to", JSON.string(last.text).bytes),
    ("coins_in_circulation", JSON.integer(try Statistics.coinsInCirculation(on: connection)).bytes),
    ("purchases", try statistics.purchases(on: connection)),
    ("top_givers", try statistics.top(.givers, count, on: connection)),
    ("top_receivers", try statistics.top(.receivers, count, on: connection)),
  ])
}

/// Names only, for everybody, where the company wants that.
func leaderboard(
  _ request: Request, _ context: Context, _ caller: Caller, _ connection: borrowing Connection
) throws -> Response {
  guard context.storefront.hasLeaderboard else { throw RequestFailure.unknownPath }
  let period = try request.query.optional("period", oneOf: Leaderboard.Period.self) ?? .month
  return .members([
    ("period", JSON.string(period.rawValue).bytes),
    ("givers", try Leaderboard.givers(period, 10, on: connection)),
  ])
}

extension Response {
  /// An object whose values are JSON already.
  fileprivate static func members(_ members: [(name: String, value: [UInt8])]) -> Response {
    let parts = members.map { JSON.string($0.name).bytes + [UInt8(ascii: ":")] + $0.value }
    return .document([UInt8(ascii: "{")] + parts.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "}")])
  }
}
