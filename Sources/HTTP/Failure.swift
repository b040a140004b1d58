/// The reasons why a request does not reach its handler's verb. API/Answers.swift has an answer for each.
package enum RequestFailure: Error, Equatable {
  case unknownPath
  case wrongMethod(allow: String)
  case malformedPath
  case bodyTooLarge(limitBytes: Int)
  case bodyIncomplete
  case queuedTooLong
  case shape(ShapeError)
}

/// A request of the wrong shape: every mistake in it, in the order in which it was read.
package struct ShapeError: Error, Equatable {
  package enum Kind: String, Sendable {
    case missing
    case unknown = "extra_forbidden"
    case wrongType = "type_error"
    case malformed = "value_error"
    case notJSON = "json_invalid"
  }

  package struct Complaint: Sendable, Equatable {
    package let location: [String]
    package let message: String
    package let kind: Kind

    package init(location: [String], message: String, kind: Kind) {
      self.location = location
      self.message = message
      self.kind = kind
    }
  }

  /// Never empty.
  package let complaints: [Complaint]

  package init(_ complaints: [Complaint]) {
    precondition(!complaints.isEmpty, "nothing is wrong")
    self.complaints = complaints
  }

  package init(_ location: [String], _ message: String, _ kind: Kind) {
    self.init([Complaint(location: location, message: message, kind: kind)])
  }

  static func unreadable(_ location: [String], _ type: (some TextReadable).Type) -> ShapeError {
    ShapeError(location, "Input should be a valid \(type.readableName)", .wrongType)
  }
}
