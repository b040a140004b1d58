internal import API
internal import FoundationEssentials
internal import Glibc
internal import HTTP
internal import Notation

nonisolated(unsafe) private let planner = Planner(routes(), bodyLimitBytes: 0)

/// A path leads to the same route when every letter is escaped, and gets errors in the same dialect.
func fuzzPath(_ bytes: [UInt8]) {
  guard let target = text(bytes) else { return }
  let path = Request(.get, target).path
  let methods: [HTTP.Method?] = [.get, .head, .post, .patch, .delete, nil]
  for method in methods {
    let plan = planner.plan(method, path)
    let found = described(plan)
    guard let escaped = escaped(path) else {
      expect(!found.hasPrefix("found"), "a path that cannot be decoded leads somewhere")
      continue
    }
    let other = planner.plan(method, escaped)
    expect(described(other) == found, "escapes change where a path leads")
    expect(other.dialect == plan.dialect, "escapes change the dialect")
  }
}

/// Nil if it cannot be decoded.
private func escaped(_ path: String) -> String? {
  var segments: [String] = []
  for segment in Percent.split(path[...], at: "/") {
    guard let decoded = Percent.decoded(segment) else { return nil }
    segments.append(decoded.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
  }
  return segments.joined(separator: "/")
}

private func described(_ plan: Plan) -> String {
  switch plan.match {
  case .success((let route, let parameters)):
    if route.template.hasSuffix("/{id}") { _ = try? parameters.require("id", as: UUID.self) }
    return "found \(route.method.rawValue) \(route.template)"
  case .failure(let failure): return "\(failure)"
  }
}

/// Queries and forms are read, or refused with the name of the field.
func fuzzQuery(_ bytes: [UInt8]) {
  guard let raw = text(bytes) else { return }
  let request = Request(
    .post, "/?" + raw, headers: ["Content-Type": "application/x-www-form-urlencoded"], body: bytes)
  for query in [request.query, request.form ?? Query("")] {
    for name in ["a", "limit", "", "é"] {
      do {
        _ = try query.optional(name, as: String.self)
        _ = try query.optional(name, as: Int.self)
        _ = try query.optional(name, in: 1...100)
        _ = try query.optional(name, as: UUID.self)
      } catch let error as ShapeError {
        expect(error.complaints[0].location.last == name, "another field is blamed")
      } catch {
        fatalError("\(error)")
      }
    }
  }
}

/// The parameters of a FastCGI request, as libfcgi hands them over: C strings. No header becomes a parameter.
func fuzzParameters(_ bytes: [UInt8]) {
  var strings = bytes.split(separator: 0).map { strdup(Array($0.map { CChar(bitPattern: $0) } + [0])) }
  defer { for string in strings { free(string) } }
  strings.append(nil)
  let hasNoListener = !bytes.split(separator: 0).contains { $0.starts(with: "TUCKSHOP_LISTENER=".utf8) }
  strings.withUnsafeBufferPointer { buffer in
    let parameters = Parameters(buffer.baseAddress)
    let request = parameters.request
    if hasNoListener { expect(request.listener.isEmpty, "a listener out of nowhere") }
    for (name, value) in request.headers.fields {
      expect(request.headers[name] != nil && !value.utf8.contains(0), "a header is lost")
    }
    _ = request.form
  }
}
