/// Why a request did not reach its handler's verb. The list is closed; API/Answers.swift turns each into an answer.
package enum RequestFailure: Error, Equatable {
  case unknownPath
  case wrongMethod(allow: String)
  case malformedPath
  case bodyTooLarge(limitBytes: Int)
  case bodyIncomplete
  case queuedTooLong
  case shape(ShapeError)
}

/// A request of the wrong shape: where, in words, and of which kind.
package struct ShapeError: Error, Equatable {
  package enum Kind: String, Sendable {
    case missing
    case unknown = "extra_forbidden"
    case wrongType = "type_error"
    case malformed = "value_error"
    case notJSON = "json_invalid"
  }

  package let location: [String]
  package let message: String
  package let kind: Kind

  package init(_ location: [String], _ message: String, _ kind: Kind) {
    self.location = location
    self.message = message
    self.kind = kind
  }

  static func unreadable(_ location: [String], _ type: (some TextReadable).Type) -> ShapeError {
    ShapeError(location, "Input should be a valid \(type.readableName)", .wrongType)
  }
}
