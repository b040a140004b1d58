internal import Glibc
internal import Identity
internal import Tokens

/// To whom a file is given; without a group it keeps the one it has.
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

/// A file for one reader, which is there as a whole or not at all.
enum SecretFile {
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// 192 random bits, in letters that need no quotes in SQL, JSON or a shell.
  static func password() -> String { Base64.url.encode(Random.bytes(24)) }

  static func write(_ text: String, to path: String, _ mode: mode_t, _ owner: Owner) throws {
    let fresh = path + ".new"
    // What a run that was cut short left behind.
    unlink(fresh)
    let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure("cannot make", fresh) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
      throw failure("cannot write", fresh)
    }
    try handOver(fresh, mode, owner)
    guard rename(fresh, path) == 0 else { throw failure("cannot make", path) }
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
