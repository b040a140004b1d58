internal import FoundationEssentials
internal import Glibc
internal import Tokens

enum SecretsCommand: Command {
  static let name = "secrets"
  static let summary = "Makes the keys and passwords of a new installation, once."
  static let usage = """
    tuckshop secrets [--owner USER] [--group-readable]
             the key file, and the first admin's password where TUCKSHOP_ADMIN_PASSWORD_FILE names a file: 0600, or 0640
           tuckshop secrets --volumes FOLDER --database-uid N [--owner USER] [--roles FILE]
             a folder for each reader, with nothing in it that the reader does not need: keys, admin, owner, app, auth,
             ops, and database for PostgreSQL's first start. Every file is for its reader alone

    USER owns what the shop reads, without --owner who runs this. Nothing is ever overwritten.
    """

  static func run(_ arguments: Arguments, _ environment: Environment) throws -> Int32 {
    var arguments = arguments
    let owner = try arguments.takeOption("--owner").map { try Owner(user: $0) } ?? .caller
    let mode: mode_t = arguments.takeFlag("--group-readable") ? 0o640 : 0o600
    let volumes = try arguments.takeOption("--volumes")
    let database = try arguments.takeOption("--database-uid")
    let roles = try arguments.takeOption("--roles") ?? "/usr/share/tuckshop/roles.sql"
    try arguments.finish()
    // No file may be readable by others, not even for a moment.
    umask(0o077)
    if let folder = volumes {
      guard let id = database.flatMap({ uid_t($0) }) else { throw UsageError("--volumes wants --database-uid N") }
      try SecretVolumes(folder: folder, owner: owner, database: Owner(user: id, group: nil), roles: roles).fill()
      return 0
    }
    try makeKey(environment.value(\.tokens.keyFile), mode, owner)
    if let file = environment.file(of: \.tokens.adminPassword), !PrivateFile.exists(file) {
      try SecretFile.write(SecretFile.password() + "\n", to: file, mode, owner)
      say("secrets: the first admin's password is in \(file)")
    }
    return 0
  }

  private static func makeKey(_ path: String, _ mode: mode_t, _ owner: Owner) throws {
    guard !PrivateFile.exists(path) else { return }
    try TokenKeys.create(path, .hs256, now: time(nil))
    try SecretFile.handOver(path, mode, owner)
    say("secrets: a new signing key is in \(path)")
  }
}
