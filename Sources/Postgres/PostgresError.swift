internal import CPostgres

/// What went wrong, without a single bound value in it: neither DETAIL nor the texts of class 22, which quote them.
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
  /// Where in the statement, counted in characters from 1.
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

  init(result: OpaquePointer, connectionIsBad: Bool) {
    func field(_ code: UInt8) -> String? {
      PQresultErrorField(result, Int32(code)).map { String(cString: $0) }
    }
    let state = field(UInt8(ascii: "C")) ?? ""
    sqlstate = state
    reason = connectionIsBad ? .connection : .server
    message =
      state.hasPrefix("22")
      ? "a value was refused" : field(UInt8(ascii: "M")) ?? "the connection was closed"
    constraint = field(UInt8(ascii: "n"))
    position = field(UInt8(ascii: "P")).flatMap { Int($0) }
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

/// How the SQLSTATE is to be taken. The session's own state is judged first, by `reason`.
extension PostgresError {
  /// The session is of no more use: broken, the server going down, or a primary that became a standby.
  package var endsSession: Bool {
    switch reason {
    case .connection, .deadline: true
    case .server: sqlstate.hasPrefix("08") || ["57P01", "57P02", "57P03", "25006"].contains(sqlstate)
    case .refused, .mismatch: false
    }
  }

  /// The same again may well succeed: serialization, deadlock, a lock not to be had in time.
  package var isTransient: Bool { ["40001", "40P01", "55P03"].contains(sqlstate) }

  /// The prepared statement is gone or its result has changed shape.
  var staleStatement: Bool {
    sqlstate == "26000" || (sqlstate == "0A000" && message.contains("cached plan"))
  }

  /// The caller sent what no column can hold.
  package var isBadInput: Bool {
    reason == .refused || ["22021", "22P02", "22P05", "22003"].contains(sqlstate)
  }

  /// PostgreSQL cannot serve now, and the caller may come again.
  package var isUnavailable: Bool {
    endsSession || isTransient || sqlstate == "57014" || sqlstate.hasPrefix("53")
  }
}
