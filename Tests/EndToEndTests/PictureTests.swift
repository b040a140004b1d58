import FoundationEssentials
import Support
import Testing

/// Pictures from an admin's upload to a browser, through nginx and back.
@Suite(.tiers(.e2e, .security), .serialized)
struct PictureTests {
  let world = World.shared
  private static let cup = "/api/v1/items/11e30000-0000-8000-8000-000000000002"
  /// One pixel.
  private static let png = Array(
    Data(
      base64Encoded: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")!
  )

  private func put(_ bytes: [UInt8], to path: String = cup + "/image", method: String = "PUT") throws -> HTTPAnswer {
    let token = try world.adminToken()
    let head =
      "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer \(token)\r\n"
      + "Content-Type: image/png\r\nContent-Length: \(bytes.count)\r\n\r\n"
    return try HTTPAnswer.sending(Array(head.utf8) + bytes, to: world.port)
  }

  /// The same picture with this many bytes of text in it.
  private func padded(to count: Int) -> [UInt8] {
    let length = count - Self.png.count - 12
    let size = (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
    let chunk = size + Array("tEXt".utf8) + [UInt8](repeating: 65, count: length) + [0, 0, 0, 0]
    return Self.png.prefix(33) + chunk + Self.png.dropFirst(33)
  }

  @Test func `a picture is stored, served for ever under its name, and with its own type`() throws {
    let answer = try put(Self.png)
    #expect(answer.status == 200, "\(answer.body)")
    let url = String(try #require(answer.body.firstMatch(of: #/"(\/media\/[0-9a-f]+\.png)"/#)).1)
    let served = try world.ask(url)
    #expect(served.status == 200)
    #expect(served.content == Self.png)
    #expect(served.header("Content-Type") == "image/png")
    #expect(served.header("Cache-Control") == "public, max-age=31536000, immutable")
    #expect(served.header("X-Content-Type-Options") == "nosniff")
    #expect(served.header("Content-Security-Policy") == "default-src 'none'; frame-ancestors 'none'")
    #expect(served.header("X-Request-ID") != nil)
    #expect(try world.ask(url + "?size=large").content == Self.png)
    let head = try world.ask(url, method: "HEAD")
    #expect(head.status == 200 && head.content.isEmpty && head.header("Content-Length") == "\(Self.png.count)")
    for method in ["PUT", "POST", "DELETE", "PATCH"] {
      let refused = try world.ask(url, method: method)
      #expect(refused.status == 405 && refused.header("Allow") == "GET, HEAD", "\(method)")
    }
    // The page may show it, and the short path leads to the same route.
    #expect(try put(Self.png, to: "/items/11e30000-0000-8000-8000-000000000002/image").body.contains(url))
    try trick(url)
  }

  /// No other path leads to a file, and no other file is served, whatever lies in the directory.
  private func trick(_ url: String) throws {
    let media = world.directory / "media"
    for name in ["secret", "page.html", ".png", "aa.svg", "aa.png.x1Y2z3", "AA.PNG", "aa.html.png"] {
      try world.directory.write("media/" + name, "secret of the house")
    }
    #expect(FileManager.default.fileExists(atPath: media + "/aa.svg"))
    let name = url.dropFirst("/media/".count)
    for path in [
      "/media/", "/media", "/media/secret", "/media/page.html", "/media/.png", "/media/aa.svg", "/media/AA.PNG",
      "/media/aa.png.x1Y2z3", "/media/aa.html.png", "/media/../admin-password", "/media/..%2fadmin-password",
      "/media/%2e%2e/admin-password", "/media/..;/admin-password", "/media/x/../\(name)", "/media/./\(name)",
      "/media//\(name)", "//media/\(name)", "/media/\(name)/", "/media/\(name)/..", "/media/\(name)%00",
      "/media/\(name)%00.html", "/media/%\(name)", "/-/media/\(name)", "/-/media/secret", "/-/media/../admin-password",
      "/media\\\(name)", "/media/\(name).html", "/media/\(name)%0a", "/Media/\(name)", "/media%2f\(name)",
      "/media/0.png", "/media/\(String(repeating: "a", count: 5000)).png",
    ] {
      let answer = try world.ask(path)
      #expect(answer.status == 404 || answer.status == 400 || answer.status == 414, "\(path)")
      #expect(answer.header("Content-Type") == "application/problem+json", "\(path)")
      #expect(!answer.body.contains("secret of the house") && answer.content != Self.png, "\(path)")
    }
  }

  @Test func `a picture may have two megabytes, and every other body stays small`() throws {
    #expect(try put(padded(to: 2 << 20)).status == 200)
    let tooLarge = try put(padded(to: 2 << 20 + 1))
    #expect(tooLarge.status == 413)
    #expect(tooLarge.header("Content-Type") == "application/problem+json")
    #expect(tooLarge.body.contains("\"code\":\"body_too_large\""))
    let large = padded(to: 70_000)
    #expect(try put(large).status == 200)
    for (method, path) in [
      ("PUT", Self.cup), ("PATCH", Self.cup), ("POST", "/api/v1/items"), ("POST", Self.cup + "/image"),
      ("PATCH", Self.cup + "/image"), ("PUT", Self.cup + "/image/x"), ("PUT", "/api/v1/users/1/image"),
      ("PUT", Self.cup + "/%69mage"), ("POST", "/inventory/add-items"),
    ] {
      let answer = try put(large, to: path, method: method)
      #expect(answer.status == 413, "\(method) \(path): \(answer.body)")
      #expect(answer.body.contains("body_too_large"))
    }
    #expect(try put([]).status == 415)
    #expect(try put(Array("<svg onload='alert(1)'/>".utf8)).status == 415)
  }
}
