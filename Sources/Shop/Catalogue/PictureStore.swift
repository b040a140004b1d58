internal import Glibc

/// The directory of pictures. The name of each is made of its content, so the content never changes, and nginx lets
/// browsers keep it for ever.
package struct PictureStore: Sendable {
  private let directory: String

  package init(directory: String) { self.directory = directory }

  /// Writes the whole file or none of it, even if the worker is killed, and returns its name.
  @discardableResult
  package func keep(_ picture: Picture, as digest: String) throws -> String {
    let name = "\(digest).\(picture.format.rawValue)"
    let path = "\(directory)/\(name)"
    guard access(path, F_OK) != 0 else { return name }
    // Workers in two containers may share the directory and have the same pid, so a pid makes no unique name.
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
    return name
  }

  private func failure(_ what: String, _ path: String) -> StoreError {
    StoreError(description: "\(what) \(path): \(String(cString: strerror(errno)))")
  }
}

package struct StoreError: Error, CustomStringConvertible {
  package let description: String
}
