internal import Identity
internal import Telemetry

/// Every setting that the program reads. Add one here, and in docs/settings.md what `tuckshop help settings` prints.
struct Settings {
  let worker = Worker()
  let database = Database()
  let requests = Requests()
  let shop = Shop()
  let tokens = Tokens()
  let joining = Joining()
  let signOn = SignOn()

  struct Worker: Section {
    let title = "The worker"
    let pool = Setting("POOL", Pool.app, "the pool that this worker belongs to")
    let runDirectory = Setting.directory(
      "RUN_DIR", "/run/tuckshop", "where the sockets, the pid files and the shared memory are")
    let migrations = Setting.directory(
      "MIGRATIONS", "/usr/share/tuckshop/migrations",
      "the migrations; a worker reads them to know which schema version it needs")
    let maxRequests = Setting(
      "WORKER_MAX_REQUESTS", 1_000_000, in: 0...Int.max, "a worker leaves after this many requests; 0: never")
    let maxAgeSeconds = Setting(
      "WORKER_MAX_AGE", 86_400, "seconds", in: 0...Int(Int32.max),
      "a worker leaves after this time, minus up to a tenth so that workers do not leave together; 0: never")
    let maxResidentMebibytes = Setting(
      "WORKER_MAX_RSS", 256, "MiB", in: 0...1 << 20,
      "a worker leaves when its resident size, without what it shares, is larger; 0: never")
    let directoryMebibytes = Setting(
      "DIRECTORY_MB", 16, "MiB", in: 1...1024,
      "shared memory in which the pool app keeps people's names; 64 bytes a person")
    let logLevel = Setting("LOG_LEVEL", Log.Level.info, "the lowest level that is logged")
  }

  struct Database: Section {
    let title = "PostgreSQL"
    let url = Setting.secret(
      "DATABASE_URL", "a libpq conninfo string or URI; if empty, libpq's own variables hold")
    let password = Setting.secret("DATABASE_PASSWORD", "the role's password")
    let connectMilliseconds = Setting(
      "CONNECT_TIMEOUT_MS", 1000, "ms", in: 1...60_000, "how long one request tries to get a connection")
    let lockMilliseconds = Setting(
      "LOCK_TIMEOUT_MS", 1000, "ms", in: 1...600_000,
      "how long a statement waits for a lock; for `tuckshop migrate` it is always 5000")
    let statementMilliseconds = Setting(
      "STATEMENT_TIMEOUT_MS", 3000, "ms", in: 1...600_000,
      "how long a statement of a worker may run; commands have no such limit")
    let migrateWaitSeconds = Setting(
      "MIGRATE_WAIT", 30, "seconds", in: 0...86_400, "how long `tuckshop migrate` tries to reach PostgreSQL")
  }

  struct Requests: Section {
    let title = "Requests"
    let requestMilliseconds = Setting(
      "REQUEST_TIMEOUT_MS", 5000, "ms", in: 1...600_000, "how long a request may take in a worker")
    let queueMilliseconds = Setting(
      "QUEUE_TIMEOUT_MS", 2000, "ms", in: 1...600_000, "a request that waited longer than this for a worker gets 503")
    let hashQueueMilliseconds = Setting(
      "HASH_QUEUE_TIMEOUT_MS", 50, "ms", in: 1...600_000,
      "a request that waited longer than this gets 503 if it needs a password hashed")
    let bodyLimitBytes = Setting(
      "BODY_LIMIT", 65_536, "bytes", in: 0...1 << 30,
      "the largest body that a worker takes, except for pictures (2 MB); nginx has limits of its own, 64 KB and 2 MB")
    let corsOrigins = Setting(
      "CORS_ORIGINS",
      listOf:
        #/
        (?! http:.*:80 $ | https:.*:443 $ ) https?://
        (?: [a-z0-9] (?: [a-z0-9._\-]* [a-z0-9] )? | \[ [0-9a-f:.]+ \] ) (?: : [1-9][0-9]{0,4} )?
        /#,
      rule: """
        origins as browsers send them, separated by commas: https://intranet.example,http://localhost:3000; in small \
        letters, without a path, a slash at the end or the usual port, and neither * nor null
        """,
      """
      the origins whose pages may send requests with a token and read the answers (CORS), such as \
      `https://intranet.example`; empty: none. nginx needs it too, for its own errors
      """)
  }

  struct Shop: Section {
    let title = "The shop"
    let company = Setting(
      "COMPANY", "Tuckshop", visible: 1...100, "the name of the company or of its shop, above every screen of the page")
    let coinName = Setting("COIN_NAME", "coins", visible: 1...40, "the word for several coins, as the page writes it")
    let accent = Setting.optional(
      "ACCENT", "colour", rule: "a colour such as #0a7d4b", of: /#[0-9A-Fa-f]{6}/,
      "the page's colour for buttons and links, as `#rrggbb`; empty: the page's own")
    let welcomeCoins = Setting(
      "WELCOME_COINS", 1000, in: 0...1_000_000_000,
      "how many coins a new user gets; `migrate up` writes it into the database")
    let undoSeconds = Setting(
      "UNDO_SECONDS", 60, "seconds", in: 0...86_400, "how long a sender may take a transfer back")
    let leaderboard = Setting(
      "LEADERBOARD", false,
      "on: everybody may see the names of those who gave the most; off: the leaderboard does not exist (404)")
    let mediaDirectory = Setting(
      "MEDIA_DIR", "/var/lib/tuckshop/media", type: "directory",
      "where workers write pictures and nginx reads them; set it for both")
    let requireIfMatch = Setting(
      "REQUIRE_IF_MATCH", false, "on: changing or deleting an item needs `If-Match`, else the answer is 428")
  }

  struct Tokens: Section {
    let title = "Tokens and passwords"
    let keyFile = Setting(
      "KEY_FILE", "/etc/tuckshop/keys.json", type: "file", "the keys that sign tokens; `tuckshop key create` makes it")
    let issuer = Setting("TOKEN_ISSUER", "tuckshop", "the name under which this shop signs tokens")
    let audience = Setting("TOKEN_AUDIENCE", "tuckshop", "the audience of its tokens")
    // No access token may live longer than a revocation is kept.
    let accessSeconds = Setting(
      "ACCESS_TTL", 900, "seconds", in: 1...86_400, "how long an access token of v1 is valid")
    let merchSeconds = Setting(
      "MERCH_TTL", 43_200, "seconds", in: 1...86_400, "how long a token of `/api/auth` is valid")
    let refreshSeconds = Setting(
      "REFRESH_TTL", 604_800, "seconds", in: 1...31_536_000, "how long a refresh token is valid")
    let merchPasswordMin = Setting(
      "MERCH_PASSWORD_MIN", 1, "characters", in: 1...256, "the shortest password that `/api/auth` registers")
    let adminSecondFactor = Setting(
      "ADMIN_TOTP", SecondFactor.Demand.optional,
      "required: an admin without a second factor has to set it up when signing in with a password")
    let adminUser = Setting.optional(
      "ADMIN_USER", "text", "the user who becomes admin as long as there is none; needs a password")
    let adminPassword = Setting.optional(
      "ADMIN_PASSWORD", "only a file", from: .onlyFile,
      "the first admin's password: set `TUCKSHOP_ADMIN_PASSWORD_FILE`")
  }

  struct Joining: Section {
    let title = "Joining and signing in"
    let note: String? = "[running.md](running.md#the-door) says how they work together."
    let publicURL = Setting(
      "PUBLIC_URL", "http://127.0.0.1:8080", of: /https?:\/\/[^\/?#\s]+/,
      rule: "an address such as https://shop.example.org",
      """
      where people reach the shop: links in invitations begin with it, and cookies are for https only if it is; \
      `bin/run` sets the address that it prints
      """)
    let signUp = Setting(
      "SIGN_UP", SignUp.open,
      """
      `open`: an unknown name at `/api/auth`, or anybody who registers, is a new user; `invited`: only with an \
      invitation; `closed`: nobody registers
      """)
    let signUpDomains = Setting.optional(
      "SIGN_UP_DOMAINS", "list, by commas", rule: "domains, separated by commas: example.org,example.com",
      of: /[^\s,@]+(?:,[^\s,@]+)*/,
      """
      email domains whose people need no invitation; through a provider, unless the door is open, new people need a \
      verified address of these
      """
    )
    let newUsersPerHour = Setting(
      "SIGN_UP_RATE", 60, "users an hour", in: 0...1_000_000,
      "how many strangers may register from one network, but for this machine; 0: no limit")
    let passwordLogin = Setting(
      "PASSWORD_LOGIN", PasswordLogin.on,
      "`admins`: only admins sign in with a password, when single sign-on fails; `off`: nobody does")
    let sessionSeconds = Setting(
      "SESSION_MAX", 2_592_000, "seconds", in: 1...31_536_000,
      "how long a session may last from its sign-in on, however often it is refreshed")
  }

  struct SignOn: Section {
    let title = "Single sign-on"
    let note: String? = "[running.md](running.md#single-sign-on) shows how to use them."
    let trustedIssuers = Setting.optional("TRUSTED_ISSUERS", "file", "names other issuers whose tokens are accepted")
    let trustedUserHeader = Setting.optional(
      "TRUSTED_USER_HEADER", "header name", rule: "the name of a header: letters, digits and hyphens",
      of: /[A-Za-z][A-Za-z0-9-]*/,
      """
      the header in which nginx tells the worker who has signed in; only for workers behind a unix socket. \
      nginx needs it too
      """)
    let providerIssuer = Setting.optional(
      "OIDC_ISSUER", "https address", rule: "an https address without a query, or http on this machine",
      of: /https?:\/\/[^?#\s]+/,
      "the OpenID Connect provider by which people sign in; [sign-in.md](sign-in.md) has the settings of several")
    let providerClientID = Setting.optional("OIDC_CLIENT_ID", "text", "the name of this shop at the provider")
    let providerClientSecret = Setting.secret(
      "OIDC_CLIENT_SECRET", "the secret of this shop at the provider; empty: a public client, with PKCE alone")
    let providerScopes = Setting(
      "OIDC_SCOPES", "openid profile email", of: /(?:\S+ )*openid(?: \S+)*/, rule: "words, and `openid` among them",
      "what the shop asks the provider for")
    let providerName = Setting("OIDC_NAME", "Single sign-on", "the words on the button")
    let providerAllowedGroup = Setting.optional(
      "OIDC_ALLOWED_GROUP", "text", "only its members may sign in through the provider")
    let providerAdminGroup = Setting.optional(
      "OIDC_ADMIN_GROUP", "text",
      "at each sign-in through the provider its members become admins, and other admins become users")
    let providerGroupsClaim = Setting(
      "OIDC_GROUPS_CLAIM", "groups", "the claim that lists a person's groups, or the path to it: `realm_access.roles`")
    let authorities = Setting.optional(
      "CA_FILE", "file", "certificates of authorities for calls to other servers, in PEM; empty: those of the system")
    let telegramBotToken = Setting.secret(
      "TELEGRAM_BOT_TOKEN", "the token of the bot whose Mini App may sign people in")
    let believesTelegramIDs = Setting(
      "UNSAFE_TELEGRAM_LOGIN", false,
      """
      on, for load tests only: accept a bare `telegram_id` on the login port from this machine; `migrate up` needs it \
      too
      """)
  }
}
