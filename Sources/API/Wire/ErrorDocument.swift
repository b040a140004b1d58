internal import HTTP
internal import Notation

/// The body of an answer to an error, in each of the three dialects.
extension Answers {
  func respond(
    _ status: Int, _ code: String, _ sentence: String, at places: [ShapeError.Complaint] = [],
    _ details: KeyValuePairs<String, JSON?> = [:]
  ) -> Response {
    switch dialect {
    case .merch:
      // The published contract has only 400 for a wrong request, except for a wrong path or method.
      let isKnown = [401, 405, 429, 500, 503].contains(status) || code == "not_found"
      return .json(["errors": .string(sentence)], status: isKnown ? status : 400)
    case .inventory:
      let figures = details.isEmpty ? nil : JSON.members(details)
      return .json(
        .members(["error": .string(code), "message": .string(sentence), "details": figures]),
        status: status == 422 ? 400 : status)
    case .problem:
      let problem = problem(status, code, sentence, places).adding(details)
      return .json(problem, status: status, type: "application/problem+json")
    }
  }

  /// RFC 9457, with the list that clients of the common Python stack expect on 422.
  private func problem(_ status: Int, _ code: String, _ sentence: String, _ places: [ShapeError.Complaint]) -> JSON {
    .members([
      "type": "about:blank", "title": .string(Response.reason(status)), "status": .integer(status),
      "detail": places.isEmpty ? .string(sentence) : .array(places.map(\.json)), "code": .string(code),
      "request_id": .string(requestID), "error": status == 500 ? "internal_error" : nil,
    ])
  }
}

extension ShapeError.Complaint {
  var sentence: String { location.joined(separator: ".") + ": " + message }

  fileprivate var json: JSON {
    ["loc": .array(location.map(JSON.string)), "msg": .string(message), "type": .string(kind.rawValue)]
  }
}
