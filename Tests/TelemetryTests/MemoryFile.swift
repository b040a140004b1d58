import Glibc
import Support
import Telemetry

/// The file behind a memory, seen as words: a worker of another version, or a killed one, may have left any of them
/// there.
final class MemoryFile: Sendable {
  /// The layout. Two versions share the memory during a rolling deployment, so it may only change with the magic.
  static let draining = 10
  static let workers = 64
  static let workerWords = 8
  static let workerCount = 248
  static let series = workers + workerWords * workerCount
  static let seriesWords = 32
  static let seriesCount = 2048
  static let bytes = (series + seriesWords * seriesCount) * 8

  let path: String
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    path = directory / "shared.page"
  }

  /// A mapping of its own, like another process.
  func map() throws -> SharedMemory { try SharedMemory(path: path) }

  var size: Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : -1
  }

  subscript(word: Int) -> UInt64 {
    get {
      withDescriptor { descriptor in
        var value: UInt64 = 0
        return pread(descriptor, &value, 8, word * 8) == 8 ? value : 0
      }
    }
    set {
      withDescriptor { descriptor in
        var value = newValue
        precondition(pwrite(descriptor, &value, 8, word * 8) == 8)
      }
    }
  }

  func write(_ text: String, at word: Int) {
    withDescriptor { precondition(pwrite($0, text, text.utf8.count, word * 8) == text.utf8.count) }
  }

  func text(at word: Int, bytes count: Int) -> String {
    withDescriptor { descriptor in
      var bytes = [UInt8](repeating: 0, count: count)
      precondition(pread(descriptor, &bytes, count, word * 8) == count)
      return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// The number of descriptors of this process that refer to the file.
  var openDescriptors: Int {
    guard let directory = opendir("/proc/self/fd") else { return -1 }
    defer { closedir(directory) }
    var count = 0
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      var target = [UInt8](repeating: 0, count: 4096)
      let length = target.withUnsafeMutableBytes { readlink("/proc/self/fd/\(name)", $0.baseAddress!, $0.count) }
      if length > 0 && String(decoding: target[..<length], as: UTF8.self) == path { count += 1 }
    }
    return count
  }

  @discardableResult
  private func withDescriptor<T>(_ body: (Int32) -> T) -> T {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    precondition(descriptor >= 0)
    defer { close(descriptor) }
    return body(descriptor)
  }
}
