// Knows how to call another server: one request, one answer, within limits.
// Refuses to know the purpose of the call, and retries nothing.

internal import CCurl

/// One request to another server.
package struct OutboundRequest: Sendable {
  package let address: WebAddress
  package var headers: [(name: String, value: String)] = []
  /// Nil asks by GET; a body is sent by POST.
  package var body: [UInt8]?
  /// For the whole call, from looking up the name to the last byte of the answer.
  package var milliseconds: Int
  package var connectMilliseconds = 1000
  package var mostBytes = 262_144

  package init(_ address: WebAddress, body: [UInt8]? = nil, milliseconds: Int) {
    self.address = address
    self.body = body
    self.milliseconds = milliseconds
  }
}

package struct OutboundResponse: Sendable {
  package let status: Int
  package let headers: [(name: String, value: String)]
  package let body: [UInt8]

  /// The first header of that name, which is in lower case.
  package subscript(name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// The reason why a call has no answer. The text is for the log, since it may tell about the inside of a network.
package enum OutboundFailure: Error, Sendable, Equatable, CustomStringConvertible {
  case unreachable(String)
  case timedOut
  case untrustedCertificate(String)
  case tooLarge
  /// The answer is not HTTP, or broke off.
  case malformed(String)

  package var description: String {
    switch self {
    case .unreachable(let detail): "The server cannot be reached: \(detail)"
    case .timedOut: "The server did not answer in time."
    case .untrustedCertificate(let detail): "The server's certificate is not trusted: \(detail)"
    case .tooLarge: "The server's answer is too large."
    case .malformed(let detail): "The server's answer cannot be read: \(detail)"
    }
  }
}

/// Calls other servers, one call at a time. It keeps its connections and the parsed certificates of the authorities for
/// the next call. Certificates are always checked, redirects are never followed, and no proxy, cookie or password is
/// taken from the surroundings: the caller names the only server that may see the request.
package final class OutboundClient {
  private let handle: CurlHandle
  private let authorities: String?

  /// `authorities` is a file of certificates in PEM; nil: those of the system.
  package init(authorities: String? = nil) {
    handle = CurlHandle()
    self.authorities = authorities
  }

  package func send(_ request: OutboundRequest) throws(OutboundFailure) -> OutboundResponse {
    guard request.milliseconds > 0 else { throw .timedOut }
    let reception = Reception(mostBytes: request.mostBytes)
    var list = Self.list(of: request.headers)
    let code = withExtendedLifetime(reception) {
      prepare(request, list, Unmanaged.passUnretained(reception).toOpaque())
      // libpq uses the same thread's queue of errors, and would take what is left there for its own.
      defer { ERR_clear_error() }
      return curl_easy_perform(handle.curl)
    }
    let status = Int(ccurl_status(handle.curl))
    // Nothing of this request may be left for the next one.
    curl_easy_reset(handle.curl)
    curl_slist_free_all(list)
    list = nil
    if reception.isFull { throw .tooLarge }
    if let failure = Self.failure(code) { throw failure }
    return OutboundResponse(status: status, headers: reception.headers, body: reception.body)
  }

  private func prepare(
    _ request: OutboundRequest, _ list: UnsafeMutablePointer<curl_slist>?, _ reception: UnsafeMutableRawPointer
  ) {
    set(CURLOPT_URL, request.address.text)
    set(CURLOPT_PROTOCOLS_STR, request.address.isSecure ? "https" : "http")
    set(CURLOPT_FOLLOWLOCATION, 0)
    set(CURLOPT_SSL_VERIFYPEER, 1)
    set(CURLOPT_SSL_VERIFYHOST, 2)
    if let authorities { set(CURLOPT_CAINFO, authorities) }
    // An empty name is no proxy at all, whatever the environment of the worker says.
    set(CURLOPT_PROXY, "")
    set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
    set(CURLOPT_USERAGENT, "tuckshop")
    // Without it libcurl would use SIGALRM, and the worker's signals belong to its loop.
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_TIMEOUT_MS, request.milliseconds)
    set(CURLOPT_CONNECTTIMEOUT_MS, min(request.milliseconds, request.connectMilliseconds))
    // A server closes a connection that rests, often in the moment of the next request.
    set(CURLOPT_MAXAGE_CONN, 10)
    _ = ccurl_set_list(handle.curl, CURLOPT_HTTPHEADER, list)
    if let body = request.body {
      set(CURLOPT_POST, 1)
      set(CURLOPT_POSTFIELDSIZE, body.count)
      _ = body.withUnsafeBytes {
        ccurl_set_text(handle.curl, CURLOPT_COPYPOSTFIELDS, $0.bindMemory(to: CChar.self).baseAddress)
      }
    }
    _ = ccurl_set_taker(
      handle.curl, CURLOPT_HEADERFUNCTION, CURLOPT_HEADERDATA,
      { bytes, _, count, reception in
        Reception.of(reception).take(head: UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
      },
      reception)
    _ = ccurl_set_taker(
      handle.curl, CURLOPT_WRITEFUNCTION, CURLOPT_WRITEDATA,
      { bytes, _, count, reception in
        Reception.of(reception).take(body: UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
      },
      reception)
  }

  private func set(_ option: CURLoption, _ value: Int) {
    let code = ccurl_set_number(handle.curl, option, value)
    precondition(code == CURLE_OK, "libcurl does not know option \(option.rawValue)")
  }

  private func set(_ option: CURLoption, _ value: String) {
    let code = ccurl_set_text(handle.curl, option, value)
    precondition(code == CURLE_OK, "libcurl does not take option \(option.rawValue)")
  }

  private static func list(of headers: [(name: String, value: String)]) -> UnsafeMutablePointer<curl_slist>? {
    headers.reduce(nil) { list, header in
      precondition(!header.value.utf8.contains { $0 < 0x20 }, "a header's value has one line")
      return curl_slist_append(list, header.name + ": " + header.value)
    }
  }

  private static func failure(_ code: CURLcode) -> OutboundFailure? {
    let sentence = String(cString: curl_easy_strerror(code))
    switch code {
    case CURLE_OK: return nil
    case CURLE_OPERATION_TIMEDOUT: return .timedOut
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
      return .untrustedCertificate(sentence)
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR: return .unreachable(sentence)
    default: return .malformed(sentence)
    }
  }
}

/// libcurl's handle, made and released here.
private final class CurlHandle {
  let curl: UnsafeMutableRawPointer

  /// Once for the process; libpq has initialised OpenSSL in the same way, and the second time changes nothing.
  private static let isInitialised = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

  init() {
    guard Self.isInitialised, let curl = curl_easy_init() else { fatalError("libcurl is out of memory") }
    self.curl = curl
  }

  deinit { curl_easy_cleanup(curl) }
}

/// The bytes of one answer as they arrive.
private final class Reception {
  private let mostBytes: Int
  private var headBytes = 0
  private(set) var headers: [(name: String, value: String)] = []
  private(set) var body: [UInt8] = []
  private(set) var isFull = false

  private static let mostHeadBytes = 65_536

  init(mostBytes: Int) { self.mostBytes = mostBytes }

  static func of(_ context: UnsafeMutableRawPointer?) -> Reception {
    guard let context else { preconditionFailure("libcurl lost its context") }
    return Unmanaged<Reception>.fromOpaque(context).takeUnretainedValue()
  }

  func take(head line: UnsafeRawBufferPointer) -> Bool {
    headBytes += line.count
    isFull = headBytes > Self.mostHeadBytes
    let text = String(decoding: line, as: UTF8.self)
    // The head of an interim answer (100 Continue) comes before the head of the real one.
    if text.hasPrefix("HTTP/") { headers = [] }
    if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) {
      let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
      var value = text.utf8[text.utf8.index(after: colon)...].drop(while: isBlank)
      while value.last.map(isBlank) == true { value.removeLast() }
      headers.append((text[..<colon].lowercased(), String(Substring(value))))
    }
    return !isFull
  }

  func take(body bytes: UnsafeRawBufferPointer) -> Bool {
    isFull = body.count + bytes.count > mostBytes
    if !isFull { body += bytes }
    return !isFull
  }
}
