internal import HTTP
internal import Notation

/// The shape that every numbered list has.
enum SortOrder: String, CaseIterable { case asc, desc }

extension Request {
  func page() throws -> (number: Int, limit: Int) {
    (try query.optional("page", in: 1...1_000_000) ?? 1, try query.optional("limit", in: 1...100) ?? 20)
  }
}

extension Response {
  static func page(_ items: [JSON], total: Int, number: Int, limit: Int) -> Response {
    .json([
      "items": .array(items), "total": .integer(total), "page": .integer(number), "limit": .integer(limit),
      "total_pages": .integer((total + limit - 1) / limit),
    ])
  }

  /// Entries that PostgreSQL has already written as JSON, and where they go on.
  static func entries(_ entries: [[UInt8]], next: String?) -> Response {
    var body = Array(#"{"items":["#.utf8)
    body += entries.joined(separator: [UInt8(ascii: ",")])
    body += Array(#"],"next_cursor":"#.utf8) + (next.map(JSON.string) ?? .null).bytes + [UInt8(ascii: "}")]
    return Response(headers: [("Content-Type", "application/json")], body: body)
  }
}
