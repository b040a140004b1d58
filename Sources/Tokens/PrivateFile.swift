internal import Glibc

/// A file for its owner, or for its group too if the mode says so. It is replaced as a whole or not at all.
package enum PrivateFile {
  /// The identity and state of a file.
  struct Stamp: Equatable {
    let device, inode: UInt
    let size, seconds, nanoseconds: Int
    let owner, group, mode: UInt32

    init(_ status: stat) {
      device = UInt(status.st_dev)
      inode = UInt(status.st_ino)
      size = Int(status.st_size)
      seconds = status.st_mtim.tv_sec
      nanoseconds = status.st_mtim.tv_nsec
      owner = status.st_uid
      group = status.st_gid
      mode = status.st_mode
    }

    /// After a rotation by root the file still has to belong to the workers.
    func handOver(_ descriptor: Int32) -> Bool {
      fchown(descriptor, owner, group) == 0 && fchmod(descriptor, mode & 0o640) == 0
    }
  }

  private static let largestByteCount = 65536

  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  static func stamp(_ path: String) throws(KeyError) -> Stamp {
    var status = stat()
    guard stat(path, &status) == 0 else { throw failure("cannot look at", path) }
    return Stamp(status)
  }

  static func read(_ path: String) throws(KeyError) -> (bytes: [UInt8], stamp: Stamp) {
    // Without O_NONBLOCK a FIFO of that name would block the worker for ever.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure("cannot open", path) }
    defer { close(descriptor) }
    // The open file is checked, because the name may soon lead to another one.
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("cannot look at", path) }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= largestByteCount else {
      throw KeyError("\(path) is not a key file: it must be a regular file of at most 64 KB")
    }
    guard status.st_mode & 0o037 == 0 else {
      throw KeyError("\(path) is open to others: chmod 600, or 640 where its group is the workers' own")
    }
    return (try contents(of: descriptor, path, count: Int(status.st_size)), Stamp(status))
  }

  private static func contents(of descriptor: Int32, _ path: String, count: Int) throws(KeyError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let read = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress! + done, count - done, done) }
      guard read > 0 else { throw failure("cannot read", path) }
      done += read
    }
    return bytes
  }

  /// The new file gets its name only when it is complete and on disk.
  package static func write(
    _ bytes: [UInt8], to path: String, handOver: (Int32) -> Bool = { _ in true }
  ) throws(KeyError) {
    let fresh = path + ".new"
    // A crash may have left it; no other process writes it while the directory is locked.
    unlink(fresh)
    let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure("cannot make", fresh) }
    defer { close(descriptor) }
    do throws(KeyError) {
      guard handOver(descriptor) else { throw failure("cannot hand over", fresh) }
      guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0,
        rename(fresh, path) == 0
      else { throw failure("cannot write", fresh) }
    } catch {
      unlink(fresh)
      throw error
    }
  }

  /// One writer at a time: of two concurrent rotations, one would lose the other's key and every session that it signed.
  /// The lock is on the directory, because the file itself is replaced.
  static func exclusively(_ path: String, _ body: () throws(KeyError) -> Void) throws(KeyError) {
    let directory = directory(of: path)
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0, flock(descriptor, LOCK_EX) == 0 else { throw failure("cannot lock", directory) }
    defer { close(descriptor) }
    try body()
    guard fsync(descriptor) == 0 else { throw failure("cannot sync", directory) }
  }

  package static func directory(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func failure(_ what: String, _ path: String) -> KeyError {
    KeyError("\(what) \(path): \(String(cString: strerror(errno)))")
  }
}
