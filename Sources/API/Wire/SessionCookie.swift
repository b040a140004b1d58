internal import HTTP
internal import Identity
internal import Notation

/// The cookie in which a browser keeps the refresh token of the page. No script can read it, and it goes to the routes of
/// sign-in alone.
struct SessionCookie {
  static let name = "tuckshop_session"
  private let isSecure: Bool
  private let seconds: Int

  init(_ desk: FrontDesk) {
    isSecure = desk.links.isSecure
    seconds = desk.lifetimes.refreshSeconds
  }

  func header(_ token: String) -> String { header(token, seconds: seconds) }

  var clearing: String { header("", seconds: 0) }

  private func header(_ value: String, seconds: Int) -> String {
    "\(Self.name)=\(value); Path=/api/v1/auth; Max-Age=\(seconds); HttpOnly; SameSite=Strict"
      + (isSecure ? "; Secure" : "")
  }
}

extension Request {
  /// The first cookie of this name (RFC 6265, section 4.2).
  func cookie(_ name: String) -> String? {
    guard let header = headers["Cookie"] else { return nil }
    for pair in header.utf8.split(separator: UInt8(ascii: ";")) {
      let pair = pair.drop { $0 == UInt8(ascii: " ") }
      guard pair.starts(with: name.utf8), pair.dropFirst(name.utf8.count).first == UInt8(ascii: "=") else { continue }
      return String(Substring(pair.dropFirst(name.utf8.count + 1)))
    }
    return nil
  }

  /// Throws if the page of another site sent this request. Browsers say so themselves, in Sec-Fetch-Site or, over plain
  /// HTTP, in Origin; other clients send neither, and have no cookies that another site could use.
  func requireOwnSite(_ desk: FrontDesk) throws(CallerRefusal) {
    if let site = headers["Sec-Fetch-Site"] {
      guard ["same-origin", "none"].contains(site) else { throw .otherSite }
    } else if let origin = headers["Origin"] {
      let own = headers["Host"].map { ["http://" + $0, "https://" + $0] } ?? []
      guard (own + [desk.links.publicURL]).contains(where: { $0.utf8.elementsEqual(origin.utf8) }) else { throw .otherSite }
    }
  }
}

extension Response {
  /// The new session, with its refresh token in the cookie alone.
  static func session(_ pair: Sessions.Pair, _ desk: FrontDesk, _ recoveryCodes: JSON? = nil) -> Response {
    let members: JSON = ["access_token": .string(pair.accessToken), "expires_in": .integer(pair.expiresIn)]
    return Response.json(members.adding(["recovery_codes": recoveryCodes]))
      .with("Set-Cookie", SessionCookie(desk).header(pair.refreshToken))
  }
}
