internal import Audit
internal import HTTP
internal import Postgres

func listAudit(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  var filter = AuditTrail.Filter()
  let reader = Reader()
  filter.limit = reader.note(try request.query.optional("limit", in: 1...100)) ?? filter.limit
  filter.before = reader.note(try request.query.optional("cursor", in: 1...Int.max))
  filter.actor = reader.note(try request.query.optional("actor_id"))
  filter.subject = reader.note(try request.query.optional("subject_id"))
  filter.action = reader.note(try request.query.optional("action"))
  try reader.finish()
  let trail = try AuditTrail.read(filter, on: connection)
  return .entries(.list(trail.entries), next: trail.next)
}
