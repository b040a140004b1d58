/// Every setting the program reads, with its default. docs/settings.md says the same, and a test compares them.
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
  static let hashQueueTimeout = Setting(
    "HASH_QUEUE_TIMEOUT_MS", "50", "one that queued for longer is answered 503 if it needs a password hashed")
  static let bodyLimit = Setting("BODY_LIMIT", "65536", "the largest body in bytes")
  static let maxRequests = Setting(
    "WORKER_MAX_REQUESTS", "1000000", "a worker leaves after so many requests; 0: never")
  static let maxAge = Setting("WORKER_MAX_AGE", "86400", "a worker leaves after so many seconds; 0: never")
  static let maxResident = Setting(
    "WORKER_MAX_RSS", "256", "a worker leaves when it is larger than so many MiB; 0: never")
  static let welcomeCoins = Setting(
    "WELCOME_COINS", "1000", "how many coins somebody new gets; migrate up writes it into the database")
  static let undoSeconds = Setting("UNDO_SECONDS", "60", "for how long a sender may take a transfer back")
  static let leaderboard = Setting(
    "LEADERBOARD", "off", "on: everybody is told the names of those who gave the most")
  static let mediaDirectory = Setting(
    "MEDIA_DIR", "/var/lib/tuckshop/media", "the directory of pictures, which nginx serves")
  static let requireIfMatch = Setting(
    "REQUIRE_IF_MATCH", "off", "on: changing or deleting an item needs If-Match, else 428")
  static let keyFile = Setting(
    "KEY_FILE", "/etc/tuckshop/keys.json", "the keys that sign tokens; tuckshop key create makes it")
  static let tokenIssuer = Setting("TOKEN_ISSUER", "tuckshop", "the name this shop signs tokens with")
  static let tokenAudience = Setting("TOKEN_AUDIENCE", "tuckshop", "whom its tokens are for")
  static let accessSeconds = Setting("ACCESS_TTL", "900", "for how many seconds an access token of v1 holds")
  static let merchSeconds = Setting("MERCH_TTL", "43200", "for how many seconds a token of /api/auth holds")
  static let refreshSeconds = Setting("REFRESH_TTL", "604800", "for how many seconds a refresh token holds")
  static let merchPasswordMin = Setting(
    "MERCH_PASSWORD_MIN", "1", "the shortest password, in characters, that /api/auth registers")
  static let adminUser = Setting(
    "ADMIN_USER", "", "who becomes admin as long as there is none; with its password")
  static let adminPassword = Setting("ADMIN_PASSWORD", "", "the first admin's password; only as _FILE")
  static let trustedIssuers = Setting(
    "TRUSTED_ISSUERS", "", "a file that names other issuers whose tokens are believed")
  static let trustedUserHeader = Setting(
    "TRUSTED_USER_HEADER", "", "the header in which nginx names who has signed in elsewhere")
  static let telegramBotToken = Setting(
    "TELEGRAM_BOT_TOKEN", "", "the bot whose Mini App may sign people in (or _FILE)")
  static let unsafeTelegramLogin = Setting(
    "UNSAFE_TELEGRAM_LOGIN", "off",
    "on: believe a bare telegram_id on the login port from this machine; migrate up has to be told too")
  static let migrateWait = Setting(
    "MIGRATE_WAIT", "30", "for how many seconds migrate tries to reach PostgreSQL")
  static let logLevel = Setting("LOG_LEVEL", "info", "debug, info, warning or error")

  static let all = [
    pool, runDirectory, migrations, databaseURL, databasePassword, connectTimeout, lockTimeout, statementTimeout,
    requestTimeout, queueTimeout, hashQueueTimeout, bodyLimit, maxRequests, maxAge, maxResident, welcomeCoins,
    undoSeconds, leaderboard,
    mediaDirectory,
    requireIfMatch, keyFile, tokenIssuer, tokenAudience,
    accessSeconds, merchSeconds, refreshSeconds, merchPasswordMin, adminUser, adminPassword, trustedIssuers,
    trustedUserHeader, telegramBotToken, unsafeTelegramLogin, migrateWait, logLevel,
  ]

  static var table: String {
    let width = all.map(\.name.count).max() ?? 0
    return all.map { setting in
      let fallback = setting.fallback.isEmpty ? "" : " (\(setting.fallback))"
      return "  \(padded(setting.name, width))  \(setting.meaning)\(fallback)"
    }.joined(separator: "\n")
  }
}
