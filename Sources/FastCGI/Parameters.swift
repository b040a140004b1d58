internal import Glibc
internal import HTTP

/// The FastCGI parameters of one request, copied out of libfcgi's memory in one pass.
struct Parameters {
  private(set) var contentLength = ""
  /// False if the path or another parameter of nginx is not text. A header that is not text is left out.
  private(set) var isWhole = true
  private var method = ""
  private var target = ""
  private var clientAddress = ""
  private var listener = ""
  private var id = ""
  private var milliseconds = ""
  private var vouchedHeader = ""
  private var headers = Headers()

  init(_ list: UnsafePointer<UnsafeMutablePointer<CChar>?>?) {
    guard var next = list else { return }
    while let pair = next.pointee {
      next += 1
      guard let equals = strchr(pair, Int32(UInt8(ascii: "="))) else { continue }
      read(UnsafeRawBufferPointer(start: pair, count: equals - pair), equals + 1)
    }
  }

  private mutating func read(_ name: UnsafeRawBufferPointer, _ value: UnsafePointer<CChar>) {
    if name.starts(with: "HTTP_".utf8) {
      // nginx sends the headers of the body twice; CONTENT_TYPE and CONTENT_LENGTH are enough.
      if !name.dropFirst(5).starts(with: "CONTENT_".utf8) {
        headers.add(parameter: name.dropFirst(5), String(validatingCString: value))
      }
    } else if isNamed(name, "REQUEST_METHOD") {
      method = text(value)
    } else if isNamed(name, "REQUEST_URI") {
      target = text(value)
    } else if isNamed(name, "REMOTE_ADDR") {
      clientAddress = text(value)
    } else if isNamed(name, "TUCKSHOP_LISTENER") {
      listener = text(value)
    } else if isNamed(name, "REQUEST_ID") {
      id = text(value)
    } else if isNamed(name, "REQUEST_MSEC") {
      milliseconds = text(value)
    } else if isNamed(name, "TUCKSHOP_VOUCHED_HEADER") {
      vouchedHeader = text(value)
    } else if isNamed(name, "CONTENT_LENGTH") {
      contentLength = text(value)
    } else if isNamed(name, "CONTENT_TYPE"), value.pointee != 0 {
      headers.add("Content-Type", text(value))
    }
  }

  private func isNamed(_ name: UnsafeRawBufferPointer, _ wanted: StaticString) -> Bool {
    name.count == wanted.utf8CodeUnitCount
      && name.elementsEqual(UnsafeBufferPointer(start: wanted.utf8Start, count: wanted.utf8CodeUnitCount))
  }

  private mutating func text(_ value: UnsafePointer<CChar>) -> String {
    guard let text = String(validatingCString: value) else {
      isWhole = false
      return ""
    }
    return text
  }

  var request: Request {
    // nginx writes seconds with three decimals.
    let arrived = Int(milliseconds.filter { $0 != "." })
    var request = Request(
      Method(rawValue: method), target, headers: headers, clientAddress: clientAddress, listener: listener,
      id: id, arrivedMilliseconds: arrived)
    request.vouchedHeader = vouchedHeader
    return request
  }
}
