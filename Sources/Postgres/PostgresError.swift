internal import CPostgres

/// An error of PostgreSQL or of the session. It contains no bound value: DETAIL is left out, and so is a message that quotes one.
package struct PostgresError: Error, Sendable, CustomStringConvertible {
  package enum Reason: Sendable, Equatable {
    case server  // the server answered with an SQLSTATE
    case connection  // the session broke, or could not be had
    case deadline  // no answer in time; the session is given up
    case refused  // a value that PostgreSQL would garble was not sent
    case mismatch  // an answer of another shape than the code expects
  }

  package let reason: Reason
  package let sqlstate: String
  package let message: String
  package let constraint: String?
  /// The place in the statement, in characters from 1.
  package let position: Int?
  package private(set) var sql: String?
  /// A COMMIT or a single statement was on its way: it may have happened. Ask again with the same operation id.
  package var outcomeUnknown = false

  package init(reason: Reason, sqlstate: String = "", message: String) {
    self.reason = reason
    self.sqlstate = sqlstate
    self.message = message
    constraint = nil
    position = nil
  }

  init(result: OpaquePointer, binds: [Bind], connectionIsBad: Bool) {
    func field(_ code: UInt8) -> String? {
      PQresultErrorField(result, Int32(code)).map { String(cString: $0) }
    }
    let state = field(UInt8(ascii: "C")) ?? ""
    let text = field(UInt8(ascii: "M")) ?? "the connection was closed"
    sqlstate = state
    reason = connectionIsBad ? .connection : .server
    message = Self.quotes(text, state, binds) ? "a value was refused" : text
    constraint = field(UInt8(ascii: "n"))
    position = field(UInt8(ascii: "P")).flatMap { Int($0) }
  }

  /// Errors of class 22 are about the values themselves, and may quote a part of one.
  private static func quotes(_ message: String, _ state: String, _ binds: [Bind]) -> Bool {
    guard !binds.isEmpty else { return false }
    return state.hasPrefix("22")
      || binds.contains { bind in
        guard case .text(let value) = bind else { return false }
        return !value.isEmpty && message.contains(value)
      }
  }

  package func during(_ text: String) -> PostgresError {
    var error = self
    error.sql = sql ?? text
    return error
  }

  package var description: String {
    var parts = ["\(reason)"]
    if !sqlstate.isEmpty { parts.append(sqlstate) }
    parts.append(message)
    if let constraint { parts.append("constraint \(constraint)") }
    if outcomeUnknown { parts.append("outcome unknown") }
    if let sql { parts.append("in: \(sql)") }
    return parts.joined(separator: " · ")
  }
}

/// The meaning of the SQLSTATE. `reason` comes first, because it describes the session.
extension PostgresError {
  /// A function refused the user in whose name it was called (migrations/0008). A right that the role itself lacks is
  /// 42501, and a mistake in the program.
  package var refusesActor: Bool { reason == .server && sqlstate == "TS403" }

  /// The session is useless: it is broken, the server is going down, a primary became a standby, or the server cannot load
  /// a library (58P01), as after an upgrade of its package without a restart.
  package var endsSession: Bool {
    switch reason {
    case .connection, .deadline: true
    case .server: sqlstate.hasPrefix("08") || ["57P01", "57P02", "57P03", "25006", "58P01"].contains(sqlstate)
    case .refused, .mismatch: false
    }
  }

  /// A repetition may succeed: serialization failure, deadlock, lock timeout.
  package var isTransient: Bool { ["40001", "40P01", "55P03"].contains(sqlstate) }

  /// The prepared statement is gone, or its result has another shape now.
  var staleStatement: Bool {
    sqlstate == "26000" || (sqlstate == "0A000" && message.contains("cached plan"))
  }

  /// The caller sent a value that no column can hold.
  package var isBadInput: Bool {
    reason == .refused || ["22021", "22P02", "22P05", "22003", "22007", "22008"].contains(sqlstate)
  }

  /// PostgreSQL cannot serve now; the caller may try again later.
  package var isUnavailable: Bool {
    endsSession || isTransient || sqlstate == "57014" || sqlstate.hasPrefix("53")
  }
}
