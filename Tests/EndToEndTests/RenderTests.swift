import FoundationEssentials
import Support
import Testing

@Suite(.tiers(.integration))
struct RenderTests {
  @Test func `by default one address may sign in 300 times a second and send 3000 requests`() throws {
    let configuration = try render([:]).files
    #expect(configuration.contains("zone=auth_rate:10m rate=300r/s;"))
    #expect(configuration.contains("zone=rate:10m      rate=3000r/s;"))
    #expect(configuration.contains("limit_req    zone=auth_rate burst=600 nodelay;"))
    #expect(configuration.contains("zone=people_rate:10m rate=20r/s;"))
    #expect(configuration.contains("limit_req    zone=people_rate burst=100 nodelay;"))
    #expect(configuration.contains("limit_req    zone=rate burst=6000 nodelay;"))
    #expect(configuration.contains("'\"auth\";q=300;w=1'"))
    #expect(configuration.contains("'\"default\";q=3000;w=1'"))
    let other = try render(["TUCKSHOP_AUTH_RATE": "7", "TUCKSHOP_BURST": "11"]).files
    #expect(other.contains("rate=7r/s;"))
    #expect(other.contains("'\"auth\";q=7;w=1'"))
    #expect(other.contains("burst=11 nodelay;"))
  }

  @Test(arguments: ["0", "-1", "1.5", "many", "007", "99999999", "5; internal", "$request_uri"])
  func `a limit that is not a whole number is named, and nothing is written`(value: String) throws {
    for name in ["RATE", "BURST", "AUTH_RATE", "AUTH_BURST", "PEOPLE_RATE", "PEOPLE_BURST", "CONNECTIONS"] {
      let (status, log, files) = try render(["TUCKSHOP_\(name)": value])
      #expect(status == 1)
      #expect(log.hasPrefix("nginx/render: TUCKSHOP_\(name) must "))
      #expect(files.isEmpty)
    }
  }

  private static let url = "http://127.0.0.1:4180/oauth2/auth"

  @Test(arguments: [
    ("X-Remote-User", "", "is set without TUCKSHOP_AUTH_REQUEST"),
    ("", Self.url, "is set without TUCKSHOP_TRUSTED_USER_HEADER"),
    ("X-Remote-User", "http://127.0.0.1:4180", "must be a URL such as"),
    ("X-Remote-User", "https://sso.example/auth", "must be a URL such as"),
    ("X-Remote-User", "127.0.0.1:4180/auth", "must be a URL such as"),
    ("X-Remote-User", "http://a/b; deny all", "must not contain"),
    ("X_Remote_User", Self.url, "must be the name of a header"),
    ("-", Self.url, "must be the name of a header"),
    ("X-Remote-Üser", Self.url, "must be the name of a header"),
    ("Authorization", Self.url, "has another meaning"),
    ("COOKIE", Self.url, "has another meaning"),
    ("Content-Type", Self.url, "has another meaning"),
  ])
  func `an incomplete sign-on setting, or a header with another meaning, is refused`(
    header: String, url: String, words: String
  ) throws {
    let (status, log, files) = try render(["TUCKSHOP_TRUSTED_USER_HEADER": header, "TUCKSHOP_AUTH_REQUEST": url])
    #expect(status == 1)
    #expect(log.contains(words), "\(log)")
    #expect(files.isEmpty)
  }

  @Test func `with both settings nginx always sets the header; without them it asks no service`() throws {
    let on = try render([
      "TUCKSHOP_TRUSTED_USER_HEADER": "Remote-User", "TUCKSHOP_AUTH_REQUEST": Self.url,
      "TUCKSHOP_AUTH_REQUEST_HEADER": "X-Auth-Request-Email",
    ]).files
    #expect(on.contains("fastcgi_param HTTP_REMOTE_USER $signed_in_elsewhere;"))
    #expect(on.contains("$upstream_http_x_auth_request_email"))
    #expect(on.matches(of: /auth_request \/-\/who;/).count == 5)
    let off = try render([:]).files
    #expect(!off.contains("auth_request /-/who;"))
    #expect(!off.contains("include snippets/who.conf;"))
    #expect(!off.contains("fastcgi_param TUCKSHOP_VOUCHED_HEADER"))
  }

  @Test(arguments: ["*", "null", "https://a.example/", "https://a.example/x", "https://A.example", "ftp://a.example"])
  func `a list of anything but origins is refused`(origins: String) throws {
    let (status, log, files) = try render(["TUCKSHOP_CORS_ORIGINS": origins])
    #expect(status == 1)
    #expect(log.hasPrefix("nginx/render: TUCKSHOP_CORS_ORIGINS"), "\(log)")
    #expect(files.isEmpty)
  }

  @Test func `nginx compares origins exactly, and its own errors depend on the origin only if there is a list`() throws
  {
    let on = try render(["TUCKSHOP_CORS_ORIGINS": "https://a.example,http://[::1]:3000"]).files
    #expect(on.contains(#""~^https://a\.example$" https://a.example;"#))
    #expect(on.contains(#""~^http://\[::1\]:3000$" http://[::1]:3000;"#))
    #expect(on.contains("\"Origin\" always;"))
    #expect(try !render([:]).files.contains("\"Origin\" always;"))
  }

  /// The output of nginx/render, and all files that it wrote.
  private func render(_ settings: [String: String]) throws -> (status: Int32, log: String, files: String) {
    let directory = try TemporaryDirectory()
    let program = try Program(
      projectRoot + "/nginx/render", [directory / "nginx"], environment: settings, logPath: directory / "log")
    let status = try program.wait()
    let written = try FileManager.default.subpathsOfDirectory(atPath: directory / "nginx").filter {
      $0.hasSuffix(".conf")
    }
    return (status, program.log, try written.sorted().map { try read(directory / "nginx/\($0)") }.joined())
  }
}
