internal import Glibc

/// Where pictures lie: each under a name that is made of its content, so that it never changes and nginx may let
/// every browser keep it for ever.
package struct PictureStore: Sendable {
  private let directory: String

  package init(directory: String) { self.directory = directory }

  /// There as a whole, or not at all, whoever is killed in between.
  package func keep(_ picture: Picture, as digest: String) throws {
    let path = "\(directory)/\(digest).\(picture.format.rawValue)"
    guard access(path, F_OK) != 0 else { return }
    // Workers of two containers over one directory may have the same pid, so that is no name of one's own.
    var template = Array("\(path).XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    let temporary = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard descriptor >= 0 else { throw failure("cannot make", temporary) }
    defer { close(descriptor) }
    var written = 0
    while written < picture.bytes.count {
      let count = picture.bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
      guard count > 0 else {
        unlink(temporary)
        throw failure("cannot write", temporary)
      }
      written += count
    }
    guard fchmod(descriptor, 0o644) == 0, fsync(descriptor) == 0, rename(temporary, path) == 0 else {
      unlink(temporary)
      throw failure("cannot keep", path)
    }
  }

  private func failure(_ what: String, _ path: String) -> StoreError {
    StoreError(description: "\(what) \(path): \(String(cString: strerror(errno)))")
  }
}

package struct StoreError: Error, CustomStringConvertible {
  package let description: String
}
