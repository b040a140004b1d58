internal import Glibc
internal import Telemetry
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

  static func run(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32 {
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

/// The owner of a new file; without a group it keeps the group it has.
struct Owner {
  let user: uid_t
  let group: gid_t?

  static var caller: Owner { Owner(user: geteuid(), group: nil) }
}

extension Owner {
  init(user name: String) throws {
    guard let entry = getpwnam(name) else { throw SettingError("there is no user \(name)") }
    self.init(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
  }
}

/// A file for one reader, written as a whole or not at all.
enum SecretFile {
  /// 192 random bits, in letters that need no quotes in SQL, JSON or a shell.
  static func password() -> String { Base64.url.encode(Random.bytes(24)) }

  static func write(_ text: String, to path: String, _ mode: mode_t, _ owner: Owner) throws {
    try PrivateFile.write(Array(text.utf8), to: path) { descriptor in
      fchmod(descriptor, mode) == 0 && fchown(descriptor, owner.user, owner.group ?? .max) == 0
    }
  }

  /// Without DAC_OVERRIDE and FOWNER even root can change the mode only before the file is given away.
  static func handOver(_ path: String, _ mode: mode_t, _ owner: Owner) throws {
    guard chmod(path, mode) == 0, chown(path, owner.user, owner.group ?? .max) == 0 else {
      throw SystemError("cannot hand over \(path)")
    }
  }
}
