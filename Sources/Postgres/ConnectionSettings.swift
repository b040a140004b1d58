internal import CPostgres

/// The settings of a connection. All others come from libpq's own environment and files.
package struct ConnectionSettings: Sendable {
  /// A conninfo string or URI; empty means that the environment (PGHOST, PGSERVICE, …) says all.
  package var conninfo = ""
  package var password: String?
  package var applicationName = "tuckshop"
  package var lockTimeoutMilliseconds = 1000
  package var statementTimeoutMilliseconds = 3000
  package var idleInTransactionTimeoutMilliseconds = 10_000

  package init() {}

  /// libpq's keywords. With several hosts, `turn` decides which comes first: a host that drops packets uses up one attempt,
  /// and the next attempt starts with the next host.
  func parameters(turn: Int) throws -> [(keyword: String, value: String)] {
    // libpq's own message would quote the settings, and with them a password.
    var values = try self.values(
      of: PQconninfoParse(conninfo, nil), or: "the connection settings cannot be parsed: check TUCKSHOP_DATABASE_URL")
    // Only libpq reads service files, so their hosts keep their order.
    let environment =
      values["service"] == nil ? try self.values(of: PQconndefaults(), or: "libpq is out of memory") : [:]
    for keyword in ["host", "hostaddr", "port"] {
      values[keyword] = (values[keyword] ?? environment[keyword]).map { rotated($0, by: turn) }
    }
    values["password"] = password ?? values["password"]
    values["fallback_application_name"] = applicationName
    values["client_encoding"] = "UTF8"
    values.merge([
      "keepalives_idle": "10", "keepalives_interval": "3", "keepalives_count": "3", "tcp_user_timeout": "10000",
    ]) { given, _ in given }
    return values.sorted { $0.key < $1.key }.map { (keyword: $0.key, value: $0.value) }
  }

  /// Sent when the session is open. Connection options would replace those of a service file, and some poolers refuse them.
  /// Options that the operator gave stay. JIT is off because compiling takes longer than any statement of the shop runs.
  var sessionStatement: String {
    """
    SET datestyle = 'ISO'; SET timezone = 'UTC';
    SELECT set_config(name, value, false)
    FROM (VALUES ('lock_timeout', '\(lockTimeoutMilliseconds)'), ('statement_timeout', '\(statementTimeoutMilliseconds)'),
                 ('idle_in_transaction_session_timeout', '\(idleInTransactionTimeoutMilliseconds)'),
                 ('default_transaction_isolation', 'read committed'), ('jit', 'off')) AS ours (name, value)
    JOIN pg_settings USING (name) WHERE source <> 'client'
    """
  }

  /// Frees the options.
  private func values(
    of options: UnsafeMutablePointer<PQconninfoOption>?, or failure: String
  ) throws -> [String: String] {
    guard let options else { throw PostgresError(reason: .connection, message: failure) }
    defer { PQconninfoFree(options) }
    var values: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    return values
  }

  private func rotated(_ list: String, by turn: Int) -> String {
    let hosts = list.split(separator: ",", omittingEmptySubsequences: false)
    let first = turn % hosts.count
    return (hosts[first...] + hosts[..<first]).joined(separator: ",")
  }
}

/// The state of the database's schema, for readiness.
package enum SchemaState: Sendable, Equatable {
  case version(Int)
  /// No migration has been applied.
  case empty
  /// PostgreSQL cannot load the library of PL/pgSQL: it was upgraded and not restarted.
  case unusable
}

extension Connection {
  package func schemaState() throws -> SchemaState {
    do {
      return .version(try value("SELECT schema_version()"))
    } catch let error as PostgresError where ["42P01", "42883"].contains(error.sqlstate) {
      return .empty
    } catch let error as PostgresError where error.sqlstate == "58P01" {
      return .unusable
    }
  }

  /// A sentence for the operator if a setting of the server does not fit those of this session.
  package func unfitSetting() throws -> String? {
    let (deadlock, lock) = try onlyRow(
      """
      SELECT max(setting::bigint) FILTER (WHERE name = 'deadlock_timeout'),
             max(setting::bigint) FILTER (WHERE name = 'lock_timeout')
      FROM pg_settings WHERE name IN ('deadlock_timeout', 'lock_timeout')
      """
    ) { (try $0.value(0, as: Int.self), try $0.value(1, as: Int.self)) }
    guard lock > 0, deadlock >= lock else { return nil }
    return
      "PostgreSQL's deadlock_timeout (\(deadlock) ms) is not below lock_timeout (\(lock) ms), so a deadlock lasts as "
      + "long as statements wait and looks like a lock that is held; set it to 200ms in postgresql.conf"
  }
}
