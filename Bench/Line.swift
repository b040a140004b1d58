internal import Glibc
internal import Support

/// A connection to nginx that is kept between requests, like that of a client in the field.
final class Line {
  private let port: Int
  private var descriptor: Int32 = -1
  private var received: [UInt8] = []

  init(port: Int) { self.port = port }

  deinit { end() }

  func end() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    received = []
  }

  /// Returns the status and the body. A broken connection is an error, and the next request opens a new one.
  func ask(
    _ method: String, _ path: String, _ body: String = "", headers: [(String, String)] = []
  ) throws -> (status: Int, body: String) {
    do {
      if descriptor < 0 { try connect() }
      var text = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nContent-Length: \(body.utf8.count)\r\n"
      for (name, value) in headers { text += "\(name): \(value)\r\n" }
      try send(Array((text + "\r\n" + body).utf8))
      return try answer()
    } catch {
      end()
      throw error
    }
  }

  private func connect() throws {
    guard let connected = HTTPAnswer.connected(to: port) else { throw Failure("no connection") }
    descriptor = connected
    var timeout = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var on: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  private func send(_ bytes: [UInt8]) throws {
    guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
      throw Failure("the connection broke off")
    }
  }

  private func answer() throws -> (status: Int, body: String) {
    let head = String(decoding: try take(through: "\r\n\r\n"), as: UTF8.self).lowercased()
    let lines = head.split(separator: "\r\n")
    let status = lines[0].split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
    if let length = lines.first(where: { $0.hasPrefix("content-length: ") }) {
      return (status, String(decoding: try take(Int(length.dropFirst(16)) ?? 0), as: UTF8.self))
    }
    var body: [UInt8] = []
    while true {
      let size = Int(String(decoding: try take(through: "\r\n").dropLast(2), as: UTF8.self), radix: 16) ?? 0
      body += try take(size + 2).dropLast(2)
      if size == 0 { return (status, String(decoding: body, as: UTF8.self)) }
    }
  }

  private func take(through mark: String) throws -> [UInt8] {
    while true {
      if let range = received.firstRange(of: Array(mark.utf8)) { return try take(range.upperBound) }
      try receive()
    }
  }

  private func take(_ count: Int) throws -> [UInt8] {
    while received.count < count { try receive() }
    defer { received.removeFirst(count) }
    return Array(received[..<count])
  }

  private func receive() throws {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    guard count > 0 else { throw Failure("the connection broke off") }
    received += chunk[..<count]
  }
}
