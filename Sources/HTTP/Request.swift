// Knows requests, answers, routes and JSON as values. Refuses to know sockets, FastCGI and SQL.

/// One request, copied out of the wire and complete.
package struct Request: Sendable {
  /// Nil for a method that no route can have.
  package var method: Method?
  /// The path as it was sent, still percent-encoded, without the query.
  package var path: String
  package var query: Query
  /// What stood in the braces of the route's template.
  package var parameters = PathParameters()
  package var headers: Headers
  package var body: [UInt8]
  package var clientAddress: String
  package var id: String
  /// When nginx took the request, in milliseconds since 1970; nil if nginx did not say.
  package var arrivedMilliseconds: Int?

  package init(
    _ method: Method?, _ target: String, headers: Headers = Headers(), body: [UInt8] = [],
    clientAddress: String = "", id: String = "", arrivedMilliseconds: Int? = nil
  ) {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    self.method = method
    path = String(parts[0])
    query = Query(parts.count > 1 ? parts[1] : "")
    self.headers = headers
    self.body = body
    self.clientAddress = clientAddress
    self.id = id
    self.arrivedMilliseconds = arrivedMilliseconds
  }
}

/// Header fields by name, without regard to case. There are few, so they are simply searched.
package struct Headers: Sendable, ExpressibleByDictionaryLiteral {
  package private(set) var fields: [(name: String, value: String)] = []

  package init() {}

  package init(dictionaryLiteral elements: (String, String)...) {
    for (name, value) in elements { add(name, value) }
  }

  package mutating func add(_ name: String, _ value: String) { fields.append((name.lowercased(), value)) }

  package subscript(name: String) -> String? {
    let wanted = name.lowercased()
    return fields.first { $0.name.utf8.elementsEqual(wanted.utf8) }?.value
  }
}
