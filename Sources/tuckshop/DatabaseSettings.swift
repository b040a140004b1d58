internal import Postgres

extension Environment {
  func database(applicationName: String) throws -> ConnectionSettings {
    var settings = ConnectionSettings()
    settings.conninfo = try secret(.databaseURL) ?? ""
    settings.password = try secret(.databasePassword)
    settings.applicationName = applicationName
    settings.lockTimeoutMilliseconds = try integer(.lockTimeout, in: 1...600_000)
    settings.statementTimeoutMilliseconds = try integer(.statementTimeout, in: 1...600_000)
    return settings
  }

  /// A session for a command, which may take its time.
  func open() throws -> Connection {
    var settings = try database(applicationName: "tuckshop command")
    settings.statementTimeoutMilliseconds = 0
    let connection = try Connection.open(settings, deadline: .after(milliseconds: 10_000))
    connection.limit(to: .after(milliseconds: 86_400_000))
    return connection
  }
}
