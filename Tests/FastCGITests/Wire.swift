import FastCGI
import Glibc
import Support

/// One worker on a socket of its own, addressed in raw records.
final class Wire {
  let directory: TemporaryDirectory
  let listener: Listener
  let worker: Program

  init() throws {
    directory = try TemporaryDirectory()
    listener = try Listener(path: directory / "s")
    worker = try Program("EchoWorker", input: listener.descriptor, logPath: directory / "log")
  }

  func connect() throws -> Peer { try Peer(socket: listener.path) }

  func ask(_ request: [UInt8]) throws -> Client.Answer {
    let peer = try connect()
    peer.send(request)
    return try Client.answer(from: peer.receiveAll())
  }

  /// The paths for which the worker really ran its handler.
  var ran: [String] {
    worker.log.split(separator: "\n").filter { $0.hasPrefix("ran ") }.map { String($0.dropFirst(4)) }
  }

  /// Waits until the worker is inside that system call on a descriptor of its own: 0 read, 1 write.
  func waitUntilWorker(isIn call: Int) throws {
    try eventually("the worker is in system call \(call)") {
      systemCall.first == "\(call)" && systemCall.dropFirst().first != "0x0"
    }
  }

  private var systemCall: [Substring] {
    let descriptor = open("/proc/\(worker.pid)/syscall", O_RDONLY)
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = read(descriptor, &buffer, buffer.count)
    return String(decoding: buffer[..<max(0, count)], as: UTF8.self).split(separator: " ")
  }
}

/// A request as nginx sends it, with the test's changes.
func request(
  _ path: String, method: String = "GET", body: String = "", announcing length: Int? = nil,
  keepConnection: Bool = false, headers: [(String, String)] = [], ended: Bool = true
) -> [UInt8] {
  let parameters =
    [("REQUEST_METHOD", method), ("REQUEST_URI", path), ("CONTENT_LENGTH", "\(length ?? body.utf8.count)")] + headers
  let input = Records.input(Array(body.utf8))
  return Records.begin(keepConnection: keepConnection) + Records.parameters(parameters)
    + (ended ? input : Array(input.dropLast(8)))
}

extension Client.Answer {
  var text: String { String(decoding: body, as: UTF8.self) }
}
