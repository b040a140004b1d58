internal import HTTP
internal import Notation
internal import Postgres
internal import Shop

func coinReport(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let period = try Period(request)
  let days = try period.reports.coins(on: connection)
  if request.asksForTable {
    return .table(Reports.CoinDay.columns) { write in days.forEach { write($0.cells) } }
  }
  func sum(_ figure: (Reports.CoinDay) -> Int) -> JSON { .integer(days.map(figure).reduce(0, +)) }
  return period.json([
    "granted": sum(\.granted), "spent": sum(\.spent), "returned": sum(\.returned), "sent": sum(\.sent),
    "outstanding": .integer(days.last?.outstanding ?? 0), "items": .array(days.map(\.json)),
  ])
}

func purchaseReport(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let period = try Period(request)
  let (lines, days) = try period.reports.purchases(on: connection)
  if request.asksForTable {
    return .table(Reports.PurchaseLine.columns) { write in lines.forEach { write($0.cells) } }
  }
  func sum(_ figure: (Reports.PurchaseDay) -> Int) -> JSON { .integer(days.map(figure).reduce(0, +)) }
  return period.json([
    "purchases": sum(\.purchases), "quantity": sum(\.quantity), "coins": sum(\.coins),
    "items": .array(lines.map(\.json)), "days": .array(days.map(\.json)),
  ])
}

func stockReport(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let period = try Period(request)
  let lines = try period.reports.stock(on: connection)
  if request.asksForTable {
    return .table(Reports.StockLine.columns) { write in lines.forEach { write($0.cells) } }
  }
  return period.json(["items": .array(lines.map(\.json))])
}

/// The days of a report. An instant means its day.
private struct Period {
  private let first: Day
  private let last: Day

  /// Three years, and a few days more.
  private static let mostDays = 1100

  init(_ request: Request) throws {
    let reader = Reader()
    last = reader.note(try request.query.optional("to", as: DayOfInstant.self))?.day ?? Day.today
    first = reader.note(try request.query.optional("from", as: DayOfInstant.self))?.day ?? last.adding(days: -29)
    try reader.finish()
    guard first.begins(rangeTo: last, most: Self.mostDays) else {
      throw ShapeError(["query", "from"], Day.rangeRule(most: Self.mostDays), .malformed)
    }
  }

  var reports: Reports { Reports(from: first.text, to: last.text) }

  func json(_ figures: KeyValuePairs<String, JSON?>) -> Response {
    .json(JSON.members(["from": .string(first.text), "to": .string(last.text)]).adding(figures))
  }
}
