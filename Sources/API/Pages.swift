internal import HTTP
internal import Notation

/// The shape that every numbered list has.
enum SortOrder: String, CaseIterable { case asc, desc }

extension Reader {
  func page(of request: Request) -> (number: Int, limit: Int) {
    (
      note(try request.query.optional("page", in: 1...1_000_000)) ?? 1,
      note(try request.query.optional("limit", in: 1...100)) ?? 20
    )
  }

  /// What a list is searched for. No name is longer.
  func search(_ request: Request) -> String? {
    note(try request.query.search())
  }
}

extension Query {
  fileprivate func search() throws(ShapeError) -> String? {
    guard let text = try optional("search", as: String.self), !text.isEmpty else { return nil }
    guard text.utf8.count <= 255 else {
      throw ShapeError(["query", "search"], "Value should have at most 255 bytes", .malformed)
    }
    return text
  }
}

extension Response {
  /// The documents are JSON already.
  static func page(_ documents: [[UInt8]], total: Int, number: Int, limit: Int) -> Response {
    let figures: JSON = [
      "total": .integer(total), "page": .integer(number), "limit": .integer(limit),
      "total_pages": .integer((total + limit - 1) / limit),
    ]
    return .document(Array(#"{"items":["#.utf8) + joined(documents) + Array("],".utf8) + figures.bytes.dropFirst())
  }

  static func document(_ body: [UInt8], status: Int = 200) -> Response {
    Response(status, headers: [("Content-Type", "application/json")], body: body)
  }

  private static func joined(_ documents: [[UInt8]]) -> [UInt8] {
    Array(documents.joined(separator: [UInt8(ascii: ",")]))
  }

  /// Entries that PostgreSQL has already written as JSON, and where they go on.
  static func entries(_ entries: [[UInt8]], next: String?) -> Response {
    let cursor: JSON = ["next_cursor": next.map(JSON.string) ?? .null]
    return .document(Array(#"{"items":["#.utf8) + joined(entries) + Array("],".utf8) + cursor.bytes.dropFirst())
  }
}
