internal import CPostgres

/// Everything libpq is told. What is not said here comes from libpq's own environment and files.
package struct ConnectionSettings: Sendable {
  /// A conninfo string or URI; empty means that the environment (PGHOST, PGSERVICE, …) says all.
  package var conninfo = ""
  package var password: String?
  package var applicationName = "tuckshop"
  package var lockTimeoutMilliseconds = 1000
  package var statementTimeoutMilliseconds = 3000
  package var idleInTransactionTimeoutMilliseconds = 10_000

  package init() {}

  /// libpq's keywords. With several hosts, `turn` decides which comes first: a host that swallows
  /// packets uses up one attempt, and the next attempt starts with the next host.
  func parameters(turn: Int) throws -> [(keyword: String, value: String)] {
    var failure: UnsafeMutablePointer<CChar>?
    defer { PQfreemem(failure) }
    guard let given = PQconninfoParse(conninfo, &failure) else {
      throw PostgresError(reason: .connection, message: "the connection settings cannot be parsed")
    }
    defer { PQconninfoFree(given) }
    guard let fallback = PQconndefaults() else {
      throw PostgresError(reason: .connection, message: "libpq is out of memory")
    }
    defer { PQconninfoFree(fallback) }

    var values: [String: String] = [:]
    for list in [fallback, given] {
      var option = list
      while let keyword = option.pointee.keyword {
        if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
        option += 1
      }
    }
    for keyword in ["host", "hostaddr", "port"] {
      values[keyword] = values[keyword].map { rotated($0, by: turn) }
    }
    values["password"] = password ?? values["password"]
    values["fallback_application_name"] = applicationName
    values["client_encoding"] = "UTF8"
    values["keepalives_idle"] = values["keepalives_idle"] ?? "10"
    values["keepalives_interval"] = values["keepalives_interval"] ?? "3"
    values["keepalives_count"] = values["keepalives_count"] ?? "3"
    values["tcp_user_timeout"] = values["tcp_user_timeout"] ?? "10000"
    let session =
      "-c lock_timeout=\(lockTimeoutMilliseconds) -c statement_timeout=\(statementTimeoutMilliseconds)"
      + " -c idle_in_transaction_session_timeout=\(idleInTransactionTimeoutMilliseconds)"
      + " -c datestyle=ISO -c timezone=UTC"
    values["options"] = [session, values["options"] ?? ""].joined(separator: " ")
    return values.sorted { $0.key < $1.key }.map { (keyword: $0.key, value: $0.value) }
  }

  private func rotated(_ list: String, by turn: Int) -> String {
    let hosts = list.split(separator: ",", omittingEmptySubsequences: false)
    let first = turn % hosts.count
    return (hosts[first...] + hosts[..<first]).joined(separator: ",")
  }
}
