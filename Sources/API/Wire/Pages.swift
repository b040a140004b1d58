internal import HTTP

/// The query of a numbered list.
enum SortOrder: String, CaseIterable { case asc, desc }

extension Reader {
  func page(of request: Request) -> (number: Int, limit: Int) {
    (
      note(try request.query.optional("page", in: 1...1_000_000)) ?? 1,
      note(try request.query.optional("limit", in: 1...100)) ?? 20
    )
  }

  func search(_ request: Request) -> String? { note(try request.query.search()) }
}

extension Query {
  fileprivate func search() throws(ShapeError) -> String? {
    guard let text = try optional("search", as: String.self), !text.isEmpty else { return nil }
    // No name is longer.
    guard text.utf8.count <= 255 else {
      throw ShapeError(["query", "search"], "Value should have at most 255 bytes", .malformed)
    }
    return text
  }
}
