internal import Glibc

/// One HTTP answer over a connection of its own, read to its end.
package struct HTTPAnswer: Sendable {
  package let status: Int
  package let head: String
  package let body: String
  /// The body as bytes, for content that is not text.
  package var content: [UInt8] = []

  /// Zero means no status: the connection was refused, or ended before a whole head.
  package static let broken = HTTPAnswer(status: 0, head: "", body: "")

  package func header(_ name: String) -> String? {
    head.split(separator: "\r\n").dropFirst().first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
      .map { String($0.dropFirst(name.count + 1).drop { $0 == " " }) }
  }

  /// The text of a member of the JSON body.
  package func member(_ name: String) -> String? { Self.member(name, of: body) }

  package static func member(_ name: String, of body: String) -> String? {
    guard let start = body.firstRange(of: "\"\(name)\":\"")?.upperBound else { return nil }
    return String(body[start...].prefix { $0 != "\"" })
  }

  package static func asking(
    _ port: Int, _ method: String, _ path: String, headers: [(String, String)] = [], body: String = "",
    timeoutSeconds: Int = 15
  ) throws -> HTTPAnswer {
    var text = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    if !body.isEmpty { text += "Content-Length: \(body.utf8.count)\r\n" }
    return try sending(text + "\r\n" + body, to: port, timeoutSeconds: timeoutSeconds)
  }

  package static func sending(_ text: String, to port: Int, timeoutSeconds: Int = 15) throws -> HTTPAnswer {
    try sending(Array(text.utf8), to: port, timeoutSeconds: timeoutSeconds)
  }

  /// Sends these bytes unchanged.
  package static func sending(_ bytes: [UInt8], to port: Int, timeoutSeconds: Int = 15) throws -> HTTPAnswer {
    guard let descriptor = connected(to: port) else { return .broken }
    defer { close(descriptor) }
    var timeout = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count <= 0 { break }
      sent += count
    }
    var received: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count <= 0 { break }
      received += chunk[..<count]
    }
    return parse(received)
  }

  /// A connection to a port of this machine; nil if nobody accepts it.
  package static func connected(to port: Int) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if connected == 0 { return descriptor }
    close(descriptor)
    return nil
  }

  private static func parse(_ bytes: [UInt8]) -> HTTPAnswer {
    guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return .broken }
    let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
    // A worker may send a status without a reason.
    let status = head.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
    return HTTPAnswer(
      status: status, head: head, body: String(decoding: bytes[end.upperBound...], as: UTF8.self),
      content: Array(bytes[end.upperBound...]))
  }
}
