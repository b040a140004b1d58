internal import Glibc
internal import HTTP

/// The head of an answer as nginx reads it from a FastCGI responder.
enum Wire {
  static func head(of response: Response) -> [UInt8] {
    var head = "Status: \(response.status) \(Response.reason(response.status))\r\n"
    for (name, value) in response.headers {
      precondition(!name.utf8.contains { $0 <= 0x20 || $0 == UInt8(ascii: ":") }, "bad header name \(name)")
      // A line end in a value would begin a header of its own.
      let isClean = !value.utf8.contains { $0 < 0x20 || $0 == 0x7F }
      head +=
        "\(name): \(isClean ? value : String(value.unicodeScalars.map { $0.value < 0x20 ? " " : Character($0) }))\r\n"
    }
    // Without a length nginx would pass a cut answer on as a whole one.
    if response.status != 204 && response.status != 304 {
      head += "Content-Length: \(response.body.count)\r\n"
    }
    return Array((head + "\r\n").utf8)
  }
}

func currentErrno() -> Int32 { errno }
