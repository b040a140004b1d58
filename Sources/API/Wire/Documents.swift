internal import HTTP
internal import Notation
internal import Postgres

/// A value in a document: written here, or built by PostgreSQL.
enum WireValue {
  case json(JSON)
  case stored(DatabaseJSON)
  case list([DatabaseJSON])

  fileprivate var bytes: [UInt8] {
    switch self {
    case .json(let value): value.bytes
    case .stored(let document): document.bytes
    case .list(let documents):
      [UInt8(ascii: "[")] + documents.map(\.bytes).joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
    }
  }
}

extension Response {
  static func document(_ document: DatabaseJSON, status: Int = 200) -> Response {
    Response(status, headers: [("Content-Type", "application/json")], body: document.bytes)
  }

  /// An object without the members that are nil.
  static func object(_ members: KeyValuePairs<String, WireValue?>, status: Int = 200) -> Response {
    var body = [UInt8(ascii: "{")]
    for case (let name, let value?) in members {
      if body.count > 1 { body.append(UInt8(ascii: ",")) }
      body += JSON.string(name).bytes
      body.append(UInt8(ascii: ":"))
      body += value.bytes
    }
    return Response(status, headers: [("Content-Type", "application/json")], body: body + [UInt8(ascii: "}")])
  }

  /// One page of a numbered list.
  static func page(_ items: WireValue, total: Int, number: Int, limit: Int) -> Response {
    .object([
      "items": items, "total": .json(.integer(total)), "page": .json(.integer(number)),
      "limit": .json(.integer(limit)), "total_pages": .json(.integer((total + limit - 1) / limit)),
    ])
  }

  /// One page of a list that goes on at a cursor.
  static func entries(_ items: WireValue, next: Int?) -> Response {
    .object(["items": items, "next_cursor": .json(next.map { .string(String($0)) } ?? .null)])
  }
}
