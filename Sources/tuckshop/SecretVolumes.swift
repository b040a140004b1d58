internal import Glibc
internal import Telemetry
internal import Tokens

/// A folder, which may be a volume, for each reader:
///   database          what PostgreSQL runs on its first start, as its /docker-entrypoint-initdb.d
///   owner             the password of the role that migrates
///   app, auth, ops    the password of the role that the workers of a pool sign in as
///   keys              keys.json, which signs tokens, in a folder in which its reader may rotate it
///   admin             the password of the shop's first admin
/// Root needs no capability for it but CHOWN.
struct SecretVolumes {
  let folder: String
  let owner: Owner
  let database: Owner
  let roles: String

  /// Admin and keys do not depend on the rest, so that an older installation gets them too.
  func fill() throws {
    try makeAdminPassword()
    try makeKey()
    try makeRolePasswords()
  }

  private func makeAdminPassword() throws {
    guard !PrivateFile.exists(folder + "/admin/password") else { return }
    try SecretFile.write(SecretFile.password() + "\n", to: folder + "/admin/password", 0o400, owner)
    chmod(folder + "/admin", 0o755)
    say("secrets: the first admin's password is in its volume")
  }

  private func makeKey() throws {
    let keys = folder + "/keys"
    if !PrivateFile.exists(keys + "/keys.json") {
      unlink(keys + "/fresh.json")
      try TokenKeys.create(keys + "/fresh.json", .hs256, now: time(nil))
      // With its group, which a rotation hands on to the next file, and may not if it is root's.
      try SecretFile.handOver(keys + "/fresh.json", 0o600, owner)
      guard rename(keys + "/fresh.json", keys + "/keys.json") == 0 else {
        throw SystemError("cannot make \(keys)/keys.json")
      }
      say("secrets: a new signing key is in its volume")
    }
    var status = stat()
    guard stat(keys, &status) == 0, status.st_uid == geteuid() else { return }
    chmod(keys, 0o755)
    guard chown(keys, owner.user, .max) == 0 else { throw SystemError("cannot hand over \(keys)") }
  }

  /// The superuser's password is written last, so that an interrupted run is repeated, and a complete one is kept.
  private func makeRolePasswords() throws {
    let last = folder + "/database/superuser-password"
    guard !PrivateFile.exists(last) else { return }
    let statements = try contents(of: roles)
    var settings = ""
    for role in ["owner", "app", "auth", "ops"] {
      let password = SecretFile.password()
      try SecretFile.write(password + "\n", to: "\(folder)/\(role)/password", 0o400, owner)
      settings += "\\set \(role)_password '\(password)'\n"
    }
    // PostgreSQL's entrypoint runs *.sql and passes over the other names. A file, not a command line, carries the
    // passwords to psql, because command lines are public.
    try SecretFile.write(
      String(decoding: statements, as: UTF8.self), to: folder + "/database/roles.psql", 0o400, database)
    try SecretFile.write(settings + "\\ir roles.psql\n", to: folder + "/database/roles.sql", 0o400, database)
    for name in ["database", "owner", "app", "auth", "ops"] { chmod("\(folder)/\(name)", 0o755) }
    try SecretFile.write(SecretFile.password() + "\n", to: last, 0o400, database)
    say("secrets: new passwords are in the volumes")
  }
}
