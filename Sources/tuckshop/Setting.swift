/// Every setting the program reads, with what holds where it is not set. The README's table says the same.
struct Setting {
  let name: String
  let fallback: String
  let meaning: String

  private init(_ name: String, _ fallback: String, _ meaning: String) {
    self.name = "TUCKSHOP_" + name
    self.fallback = fallback
    self.meaning = meaning
  }

  static let pool = Setting("POOL", "app", "the pool this worker belongs to: app, auth or ops")
  static let runDirectory = Setting(
    "RUN_DIR", "/run/tuckshop", "where the sockets, pid files and the shared page are")
  static let migrations = Setting(
    "MIGRATIONS", "/usr/share/tuckshop/migrations", "the directory of migrations")
  static let databaseURL = Setting(
    "DATABASE_URL", "", "a libpq conninfo string or URI; empty: libpq's own variables (or _FILE)")
  static let databasePassword = Setting("DATABASE_PASSWORD", "", "the role's password (or _FILE)")
  static let connectTimeout = Setting(
    "CONNECT_TIMEOUT_MS", "1000", "how long one request tries to get a connection")
  static let lockTimeout = Setting("LOCK_TIMEOUT_MS", "1000", "how long a statement waits for a lock")
  static let statementTimeout = Setting("STATEMENT_TIMEOUT_MS", "3000", "how long a statement may run")
  static let requestTimeout = Setting("REQUEST_TIMEOUT_MS", "5000", "how long a request may take in a worker")
  static let queueTimeout = Setting(
    "QUEUE_TIMEOUT_MS", "2000", "a request that queued for longer is answered 503")
  static let bodyLimit = Setting("BODY_LIMIT", "65536", "the largest body in bytes")
  static let maxRequests = Setting(
    "WORKER_MAX_REQUESTS", "1000000", "a worker leaves after so many requests; 0: never")
  static let maxAge = Setting("WORKER_MAX_AGE", "86400", "a worker leaves after so many seconds; 0: never")
  static let maxResident = Setting(
    "WORKER_MAX_RSS", "256", "a worker leaves when it is larger than so many MiB; 0: never")
  static let migrateWait = Setting(
    "MIGRATE_WAIT", "30", "for how many seconds migrate tries to reach PostgreSQL")
  static let logLevel = Setting("LOG_LEVEL", "info", "debug, info, warning or error")

  static let all = [
    pool, runDirectory, migrations, databaseURL, databasePassword, connectTimeout, lockTimeout, statementTimeout,
    requestTimeout, queueTimeout, bodyLimit, maxRequests, maxAge, maxResident, migrateWait, logLevel,
  ]

  static var table: String {
    let width = all.map(\.name.count).max() ?? 0
    return all.map { setting in
      let fallback = setting.fallback.isEmpty ? "" : " (\(setting.fallback))"
      return "  \(padded(setting.name, width))  \(setting.meaning)\(fallback)"
    }.joined(separator: "\n")
  }
}
