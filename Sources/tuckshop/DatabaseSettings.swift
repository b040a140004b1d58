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
}
