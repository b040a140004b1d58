internal import HTTP
internal import Notation
internal import Postgres
internal import Shop

func stats(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let reader = Reader()
  let last = reader.note(try request.query.optional("to", as: Day.self)) ?? Day.today
  let first = reader.note(try request.query.optional("from", as: Day.self)) ?? last.adding(days: -29)
  let count = reader.note(try request.query.optional("top", in: 1...100)) ?? 10
  try reader.finish()
  guard first.begins(rangeTo: last) else { throw ShapeError(["query", "from"], Day.rangeRule(), .malformed) }
  let statistics = Statistics(from: first.text, to: last.text)
  return .object([
    "from": .json(.string(first.text)), "to": .json(.string(last.text)),
    "coins_in_circulation": .json(.integer(try Statistics.coinsInCirculation(on: connection))),
    "low_stock": .stored(try Statistics.lowStock(on: connection)),
    "purchases": .stored(try statistics.purchases(on: connection)),
    "top_givers": .stored(try statistics.top(.givers, count, on: connection)),
    "top_receivers": .stored(try statistics.top(.receivers, count, on: connection)),
  ])
}

/// Names only, for every user, if the setting allows it.
func leaderboard(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  guard visit.context.storefront.hasLeaderboard else { throw RequestFailure.unknownPath }
  let period = try request.query.optional("period", oneOf: Leaderboard.Period.self) ?? .month
  return .object([
    "period": .json(.string(period.rawValue)),
    "givers": .stored(try Leaderboard.givers(period, 10, on: connection)),
  ])
}
