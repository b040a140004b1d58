internal import Audit
internal import FoundationEssentials
internal import HTTP
internal import Ledger
internal import Notation
internal import Postgres

func createGrant(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let body = try GrantBody(request)
  let handout = try body.handout(on: connection)
  let editor = Editor(visit.caller, request)
  if body.isRehearsal {
    let forecast = try body.locating { try handout.forecast(by: editor, on: connection) }
    return Response.json(forecast.json).marked(forecast.isReplay)
  }
  let made = try body.locating { try handout.make(by: editor, on: connection) }
  let grant = made.isReplay ? made.value : try Grants.begin(made.value, on: connection)
  // A larger grant goes on in the pool ops.
  return Response.json(grant.json, status: grant.isDone ? 201 : 202).marked(made.isReplay)
    .with("Location", "/api/v1/grants/" + Percent.encoded(grant.name))
}

func listGrants(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let reader = Reader()
  let limit = reader.note(try request.query.optional("limit", in: 1...100)) ?? 50
  let before = reader.note(try request.query.optional("cursor", in: 1...Int.max))
  try reader.finish()
  let grants = try Grants.read(before: before, limit: limit, on: connection)
  return .entries(.json(.array(grants.entries.map(\.json))), next: grants.next)
}

func showGrant(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let reader = Reader()
  let limit = reader.note(try request.query.optional("limit", in: 1...100)) ?? 50
  let after = reader.note(try request.query.optional("cursor", as: UUID.self))
  try reader.finish()
  let name = try request.parameters.require("name", as: String.self)
  let grant = try Grants.find((try? GrantName(name).text) ?? name, on: connection)
  let page = try Grants.recipients(of: grant, after: after, limit: limit, on: connection)
  return .json(
    grant.json.adding([
      "recipients": .array(page.entries.map(\.json)), "next_cursor": page.next.map { .string($0.text) } ?? .null,
    ]))
}
