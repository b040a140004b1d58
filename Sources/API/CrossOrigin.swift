internal import HTTP

/// The answers to pages of other origins (CORS, in the Fetch standard). A page of an origin on the list may send requests
/// with a token and read the answers. Cookies are for the shop's own page: credentials are never allowed here.
package struct CrossOrigin: Sendable {
  /// As browsers send them: `https://intranet.example`.
  private let origins: [String]

  package init(_ origins: [String] = []) { self.origins = origins }

  /// The headers of an answer that scripts read, besides those that every script may read. nginx/snippets/answers.conf
  /// has the same list.
  package static let exposedHeaders =
    "Allow, ETag, Idempotent-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, "
    + "X-Request-ID"
  private static let allowedHeaders =
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-ID"

  /// The answer to the question whether a page may send a request; nil if it is not one, or the path is unknown. The page
  /// of an unlisted origin gets no permission.
  func preflight(_ request: Request, _ plan: Plan) -> Response? {
    guard !origins.isEmpty, request.method == .options, request.headers["Origin"] != nil,
      request.headers["Access-Control-Request-Method"] != nil,
      case .failure(.wrongMethod(let methods)) = plan.match
    else { return nil }
    guard listed(request) != nil else { return Response(204) }
    return Response(204).with("Access-Control-Allow-Methods", methods)
      .with("Access-Control-Allow-Headers", Self.allowedHeaders).with("Access-Control-Max-Age", "600")
  }

  /// Lets the page read an answer. A cache must not give the answer for one origin to another.
  func opening(_ answer: Response, to request: Request) -> Response {
    guard !origins.isEmpty else { return answer }
    let varied = answer.with("Vary", "Origin")
    guard let origin = listed(request) else { return varied }
    return varied.with("Access-Control-Allow-Origin", origin)
      .with("Access-Control-Expose-Headers", Self.exposedHeaders)
  }

  /// Compared as bytes: other characters can equal a letter as `String`.
  private func listed(_ request: Request) -> String? {
    guard let origin = request.headers["Origin"] else { return nil }
    return origins.first { $0.utf8.elementsEqual(origin.utf8) }
  }
}
