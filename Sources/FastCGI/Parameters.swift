internal import HTTP

/// The FastCGI parameters of one request, copied out of libfcgi's memory.
struct Parameters {
  private var values: [(name: String, value: String)] = []
  private var headers = Headers()
  /// False if the path or the method was not text; a header that is not text is simply not there.
  private(set) var isWhole = true

  private static let wanted: Set<String> = [
    "REQUEST_METHOD", "REQUEST_URI", "REMOTE_ADDR", "REQUEST_ID", "REQUEST_MSEC", "CONTENT_LENGTH", "CONTENT_TYPE",
  ]

  init(_ list: UnsafePointer<UnsafeMutablePointer<CChar>?>?) {
    guard var next = list else { return }
    while let pair = next.pointee {
      next += 1
      let bytes = UnsafeRawBufferPointer(start: pair, count: length(of: pair))
      guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let isHeader = bytes.starts(with: "HTTP_".utf8)
      guard let name = String(validating: bytes[..<equals], as: UTF8.self) else { continue }
      guard isHeader || Self.wanted.contains(name) else { continue }
      guard let value = String(validating: bytes[(equals + 1)...], as: UTF8.self) else {
        if !isHeader { isWhole = false }
        continue
      }
      if isHeader {
        headers.add(String(name.dropFirst(5).map { $0 == "_" ? "-" : $0 }), value)
      } else {
        values.append((name, value))
      }
    }
  }

  subscript(name: String) -> String? { values.first { $0.name == name }?.value }

  func request() -> Request {
    var headers = headers
    if let type = self["CONTENT_TYPE"], !type.isEmpty { headers.add("Content-Type", type) }
    return Request(
      self["REQUEST_METHOD"].flatMap(Method.init(rawValue:)), self["REQUEST_URI"] ?? "",
      headers: headers, clientAddress: self["REMOTE_ADDR"] ?? "", id: self["REQUEST_ID"] ?? "",
      arrivedMilliseconds: self["REQUEST_MSEC"].flatMap(milliseconds))
  }

  /// nginx writes seconds with three decimals.
  private func milliseconds(_ text: String) -> Int? { Int(text.filter { $0 != "." }) }

  private func length(of text: UnsafePointer<CChar>) -> Int {
    var end = text
    while end.pointee != 0 { end += 1 }
    return end - text
  }
}
