internal import HTTP
internal import Identity
internal import Notation
internal import Postgres

/// An import of people as it is asked for: JSON, or a table. The mistakes in its rows are no mistakes of the request:
/// the answer shows them row by row.
struct PeopleBody {
  static let mostBytes = 2 << 20
  private static let mostRows = 5000

  let isRehearsal: Bool
  let people: UserImport

  init(_ request: Request) throws(ShapeError) {
    let isTable = request.headers.begins("Content-Type", with: "text/csv")
    let reader = isTable ? Reader() : try Reader(bodyOf: request)
    isRehearsal = reader.note(try request.query.optional("dry_run", oneOf: Truth.self)) == .true
    let list = isTable ? [] : reader.list("users", of: Entry.self, 1...Self.mostRows)
    let table = isTable ? reader.note(try Self.table(request.body)) : nil
    people = try reader.finish(table ?? list.map(Self.people))
  }

  private static func table(_ bytes: [UInt8]) throws(ShapeError) -> UserImport {
    do {
      let csv = try CSV(parsing: bytes)
      guard csv.rows.isEmpty || (2...Self.mostRows + 1).contains(csv.rows.count) else {
        throw ShapeError(["body"], "A table has 1 to \(Self.mostRows) lines below the first one", .malformed)
      }
      return try UserImport(csv, for: .request)
    } catch let error as CSVError {
      throw ShapeError(["body", "line \(error.line)"], error.message, .malformed)
    } catch let error as ShapeError {
      throw error
    } catch {
      throw ShapeError(["body"], "\(error)", .malformed)
    }
  }

  private struct Entry: Decodable {
    let email: String?
    let full_name: String?
    let role: String?
    let username: String?
  }

  private static func people(_ entries: [Entry]) -> UserImport {
    UserImport(entries.map { (email: $0.email, fullName: $0.full_name, role: $0.role, username: $0.username) })
  }
}

extension UserImport.Outcome {
  func json(isRehearsal: Bool) -> JSON {
    [
      "dry_run": .bool(isRehearsal), "created": .integer(created), "known": .integer(known), "wrong": .integer(wrong),
      "items": .array(verdicts.map(\.json)),
    ]
  }
}

extension UserImport.Outcome.Verdict {
  fileprivate var json: JSON {
    .members([
      "row": .integer(number), "email": .string(address), "status": .string(status.rawValue),
      "id": (id?.text).map(JSON.string), "username": username.map(JSON.string), "detail": detail.map(JSON.string),
    ])
  }
}
