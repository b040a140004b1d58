internal import Glibc

/// A file only its owner can read, or its group as well if the owner let them; replaced as a whole or not at all.
package enum PrivateFile {
  /// Which file it was, and in which state.
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
  }

  private static let largestByteCount = 65536

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  static func stamp(_ path: String) throws(KeyError) -> Stamp {
    var status = stat()
    guard stat(path, &status) == 0 else { throw failure("cannot look at", path) }
    return Stamp(status)
  }

  static func read(_ path: String) throws(KeyError) -> (bytes: [UInt8], stamp: Stamp) {
    // Without O_NONBLOCK a FIFO of that name would hold the worker for ever.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure("cannot open", path) }
    defer { close(descriptor) }
    // The open file is asked, because the name may lead to another one in a moment.
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("cannot look at", path) }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= largestByteCount else {
      throw KeyError("\(path) is no key file")
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

  /// The new file gets the name only when it is complete and on the disk.
  static func write(_ bytes: [UInt8], to path: String, keepingOwner old: Stamp? = nil) throws(KeyError) {
    let fresh = path + ".new"
    // What a crash left behind; nobody else can be writing it while the directory is locked.
    unlink(fresh)
    let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure("cannot make", fresh) }
    defer { close(descriptor) }
    do throws(KeyError) {
      // Rotated by root, it still has to be the workers' file.
      if let old, fchown(descriptor, old.owner, old.group) != 0 || fchmod(descriptor, old.mode & 0o640) != 0 {
        throw failure("cannot hand over", fresh)
      }
      guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0,
        rename(fresh, path) == 0
      else { throw failure("cannot write", fresh) }
    } catch {
      unlink(fresh)
      throw error
    }
  }

  /// One writer at a time: of two rotations at once, one would lose the other's key, and with it every session
  /// signed since. The directory is what is locked, because the file itself is replaced.
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
