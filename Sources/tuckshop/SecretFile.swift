internal import Glibc
internal import Tokens

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
      throw failure("cannot hand over", path)
    }
  }

  static func failure(_ what: String, _ path: String) -> SettingError {
    SettingError("\(what) \(path): \(String(cString: strerror(errno)))")
  }
}
