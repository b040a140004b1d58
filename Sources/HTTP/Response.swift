package import Notation

/// One answer, complete in memory before its first byte leaves.
package struct Response: Sendable {
  package var status: Int
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]

  package init(_ status: Int = 200, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  package static func json(_ value: JSON, status: Int = 200, type: String = "application/json") -> Response {
    Response(status, headers: [("Content-Type", type)], body: value.bytes)
  }

  package static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> Response {
    Response(headers: [("Content-Type", type)], body: Array(text.utf8))
  }

  package func with(_ name: String, _ value: String) -> Response {
    var copy = self
    copy.headers.append((name, value))
    return copy
  }

  /// The reason phrase. nginx passes on the status line as it is, and without a phrase it would be malformed.
  package static func reason(_ status: Int) -> String { reasons[status] ?? "Status \(status)" }

  private static let reasons = [
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 302: "Found", 304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 412: "Precondition Failed",
    413: "Content Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Content",
    428: "Precondition Required", 429: "Too Many Requests", 500: "Internal Server Error",
    503: "Service Unavailable",
  ]
}
