internal import HTTP
internal import Identity
internal import Notation
internal import Postgres

/// For a field that searches while somebody types.
func findPeople(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  guard let text = try request.query.optional("q", as: String.self) else {
    throw ShapeError(["query", "q"], "Field required", .missing)
  }
  guard text.utf8.count <= PeopleSearch.mostBytes else {
    throw ShapeError(["query", "q"], "Value should have at most \(PeopleSearch.mostBytes) bytes", .malformed)
  }
  let people = try PeopleSearch.find(text, on: connection)
  return Response.json(["items": .array(people.map(\.json))]).with("Cache-Control", "private, max-age=30")
}

extension PeopleSearch.Person {
  fileprivate var json: JSON {
    .members(["username": .string(username), "full_name": fullName.map(JSON.string)])
  }
}
