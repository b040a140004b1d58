internal import Glibc
internal import HTTP

/// The head of an answer as nginx reads it from a FastCGI responder.
enum Wire {
  static func head(of response: Response) -> [UInt8] {
    var head: [UInt8] = []
    head.reserveCapacity(256)
    append("Status", "\(response.status) \(Response.reason(response.status))", to: &head)
    for (name, value) in response.headers { append(name, value, to: &head) }
    // Without a length, nginx would pass on a truncated answer as a complete one.
    if response.status != 204 && response.status != 304 {
      append("Content-Length", String(response.body.count), to: &head)
    }
    head += "\r\n".utf8
    return head
  }

  private static func append(_ name: String, _ value: String, to head: inout [UInt8]) {
    precondition(!name.utf8.contains { $0 <= 0x20 || $0 == UInt8(ascii: ":") }, "bad header name \(name)")
    head += name.utf8
    head += ": ".utf8
    // A line end in a value would begin a new header.
    for byte in value.utf8 { head.append(byte < 0x20 || byte == 0x7F ? 0x20 : byte) }
    head += "\r\n".utf8
  }
}

func currentErrno() -> Int32 { errno }
