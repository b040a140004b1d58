internal import Glibc

/// Sends a request to a pool's socket, as nginx does. For `tuckshop health`, and for tests of input that nginx never
/// sends.
package enum Client {
  package struct Answer: Sendable {
    package let status: Int
    package let head: String
    package let body: [UInt8]
  }

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  package static func get(_ path: String, socket: String, timeoutMilliseconds: Int) throws(Failure) -> Answer {
    let connection = try Peer(socket: socket, timeoutMilliseconds: timeoutMilliseconds)
    let parameters = [("REQUEST_METHOD", "GET"), ("REQUEST_URI", path), ("REMOTE_ADDR", "local")]
    connection.send(Records.begin() + Records.parameters(parameters) + Records.input([]))
    return try answer(from: connection.receiveAll())
  }

  package static func answer(from records: [UInt8]) throws(Failure) -> Answer {
    let output = Records.output(in: records)
    guard let end = output.firstRange(of: Array("\r\n\r\n".utf8)) else {
      throw Failure(description: "no answer, or half of one")
    }
    let head = String(decoding: output[..<end.lowerBound], as: UTF8.self)
    let status = head.firstMatch(of: /Status: (\d+)/).flatMap { Int($0.1) } ?? 200
    return Answer(status: status, head: head, body: Array(output[end.upperBound...]))
  }
}

/// A connected unix socket that is closed with its owner.
package final class Peer {
  package let descriptor: Int32

  package init(socket path: String, timeoutMilliseconds: Int = 5000) throws(Client.Failure) {
    descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var timeout = timeval(tv_sec: timeoutMilliseconds / 1000, tv_usec: timeoutMilliseconds % 1000 * 1000)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
      close(descriptor)
      throw Client.Failure(description: "the socket's path is too long: \(path)")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard connected == 0 else {
      let reason = String(cString: strerror(errno))
      close(descriptor)
      throw Client.Failure(description: "cannot connect to \(path): \(reason)")
    }
  }

  deinit { close(descriptor) }

  /// False if the other end has closed.
  @discardableResult
  package func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  /// Everything up to the end of the stream, or up to the timeout.
  package func receiveAll() -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
    }
  }
}

/// FastCGI records as bytes (FastCGI specification 1.0, section 3.3).
package enum Records {
  package static func record(_ type: UInt8, _ content: [UInt8], requestID: UInt16 = 1) -> [UInt8] {
    let id = [UInt8(requestID >> 8), UInt8(requestID & 255)]
    return [1, type] + id + [UInt8(content.count >> 8), UInt8(content.count & 255), 0, 0] + content
  }

  package static func begin(keepConnection: Bool = false) -> [UInt8] {
    record(1, [0, 1, keepConnection ? 1 : 0, 0, 0, 0, 0, 0])
  }

  package static func parameters(_ pairs: [(String, String)]) -> [UInt8] {
    var content: [UInt8] = []
    for (name, value) in pairs {
      content += length(name.utf8.count) + length(value.utf8.count) + Array(name.utf8) + Array(value.utf8)
    }
    return stream(4, content)
  }

  package static func input(_ bytes: [UInt8]) -> [UInt8] { stream(5, bytes) }

  /// A stream is cut into records and ended by an empty one.
  private static func stream(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: content.count, by: 65_000) {
      bytes += record(type, Array(content[start..<min(start + 65_000, content.count)]))
    }
    return bytes + record(type, [])
  }

  private static func length(_ count: Int) -> [UInt8] {
    count < 128
      ? [UInt8(count)]
      : [UInt8(count >> 24) | 0x80, UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)]
  }

  /// The joined contents of the records of type STDOUT.
  package static func output(in bytes: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    var position = 0
    while position + 8 <= bytes.count {
      let length = Int(bytes[position + 4]) << 8 | Int(bytes[position + 5])
      let end = position + 8 + length
      guard end <= bytes.count else { break }
      if bytes[position + 1] == 6 { output += bytes[(position + 8)..<end] }
      position = end + Int(bytes[position + 6])
    }
    return output
  }
}
