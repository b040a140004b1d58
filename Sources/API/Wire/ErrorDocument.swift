internal import HTTP
internal import Notation

/// The body of an answer to an error, in each of the dialects.
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
    case .page where asksForPage: return .page(status, sentence, requestID)
    case .problem, .page:
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

extension Response {
  /// Scripts and styles inside the page would be forbidden by its policy.
  fileprivate static func page(_ status: Int, _ sentence: String, _ requestID: String) -> Response {
    func escaped(_ text: String) -> String {
      text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
    let html = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Tuckshop</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/style/tokens.css">
        <link rel="stylesheet" href="/style/frame.css">
        <link rel="stylesheet" href="/style/elements.css">
        <link rel="stylesheet" href="/style/things.css">
      </head>
      <body class="street">
        <main>
          <div class="house">
            <div class="over">Tuckshop</div>
            <div class="awning" aria-hidden="true"></div>
            <div class="inside">
              <h1>This did not work</h1>
              <p role="alert">\(escaped(sentence))</p>
              <p><a class="btn wide" href="/">Back to the shop</a></p>
              <p class="small muted">Request \(escaped(requestID))</p>
            </div>
          </div>
        </main>
      </body>
      </html>

      """
    var page = Response.text(html, type: "text/html; charset=utf-8")
    page.status = status
    return page
  }
}

extension ShapeError.Complaint {
  var sentence: String { location.joined(separator: ".") + ": " + message }

  fileprivate var json: JSON {
    ["loc": .array(location.map(JSON.string)), "msg": .string(message), "type": .string(kind.rawValue)]
  }
}
