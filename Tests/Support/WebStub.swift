internal import Glibc
internal import Synchronization

/// A web server on a port of this machine, whose answers a test writes byte by byte. It serves one connection at a time.
package final class WebStub: @unchecked Sendable {
  package struct Question: Sendable {
    package let method: String
    package let target: String
    package let head: String
    package let body: String

    package func header(_ name: String) -> String? {
      HTTPAnswer(status: 0, head: head, body: "").header(name)
    }
  }

  package enum Reply: Sendable {
    /// Sent as it is; then the connection is closed.
    case text(String)
    /// The connection stays open, and nothing comes.
    case silence
    /// A head, and a body without an end.
    case endless

    package static func json(_ body: String, status: Int = 200) -> Reply { answer(status, body, "application/json") }

    package static func answer(_ status: Int, _ body: String = "", _ type: String = "text/plain") -> Reply {
      .text(
        "HTTP/1.1 \(status) Stub\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n"
          + "Connection: close\r\n\r\n\(body)")
    }
  }

  package let port: Int
  private let listener: Int32
  private let reply: @Sendable (Question) -> Reply
  private let state = Mutex((questions: [Question](), silent: [Int32]()))
  private var thread: Thread?

  package init(_ reply: @escaping @Sendable (Question) -> Reply) throws {
    self.reply = reply
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = listener
    let result = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) | listen(descriptor, 64) | getsockname(descriptor, $0, &length)
      }
    }
    guard result == 0 else { throw Failure("no port for a stub") }
    port = Int(UInt16(bigEndian: address.sin_port))
    thread = Thread { [weak self] in
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0, let self else { return }
        self.serve(connection)
      }
    }
  }

  deinit {
    // Wakes the thread, which then finds nobody to serve.
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
    for connection in state.withLock({ $0.silent }) { close(connection) }
  }

  package var origin: String { "http://127.0.0.1:\(port)" }

  package var questions: [Question] { state.withLock { $0.questions } }

  private func serve(_ connection: Int32) {
    guard let question = read(connection) else {
      close(connection)
      return
    }
    state.withLock { $0.questions.append(question) }
    switch reply(question) {
    case .silence: state.withLock { $0.silent.append(connection) }
    case .text(let text):
      _ = send(Array(text.utf8), to: connection)
      close(connection)
    case .endless:
      var goesOn = send(Array("HTTP/1.1 200 Stub\r\n\r\n".utf8), to: connection)
      let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 65_536)
      while goesOn { goesOn = send(chunk, to: connection) }
      close(connection)
    }
  }

  private func send(_ bytes: [UInt8], to connection: Int32) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return false }
      sent += count
    }
    return true
  }

  /// The head, and as much of a body as it announces.
  private func read(_ connection: Int32) -> Question? {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
        let words = head.split(separator: " ", maxSplits: 2).map(String.init)
        let length = HTTPAnswer(status: 0, head: head, body: "").header("Content-Length").flatMap { Int($0) } ?? 0
        if words.count == 3 && bytes.count - end.upperBound >= length {
          return Question(
            method: words[0], target: words[1], head: head,
            body: String(decoding: bytes[end.upperBound...], as: UTF8.self))
        }
      }
      let count = recv(connection, &chunk, chunk.count, 0)
      if count <= 0 { return nil }
      bytes += chunk[..<count]
    }
  }
}
