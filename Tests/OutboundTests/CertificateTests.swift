import CCurl
import Glibc
import Outbound
import Support
import Testing

/// A real TLS server: its certificate decides whether it is called.
@Suite(.tiers(.integration, .security))
struct CertificateTests {
  @Test func `a server whose authority and name are right is called`() throws {
    let server = try SecureServer(name: "localhost")
    let response = try server.ask("localhost", trusting: server.certificate)
    #expect(response.status == 200)
    #expect(response["x-stub"] == "yes")
  }

  @Test func `a certificate that no trusted authority has signed is refused, and leaves no error for libpq`() throws {
    let server = try SecureServer(name: "localhost")
    let other = try SecureServer(name: "localhost")
    for authorities in [nil, other.certificate] {
      let failure = #expect(throws: OutboundFailure.self) { try server.ask("localhost", trusting: authorities) }
      #expect(failure?.description.hasPrefix("The server's certificate is not trusted") == true)
      #expect(ERR_peek_error() == 0)
    }
    #expect(server.log.isEmpty)
  }

  @Test func `a trusted certificate for another name is refused`() throws {
    let server = try SecureServer(name: "id.example")
    for host in ["localhost", "127.0.0.1"] {
      let failure = #expect(throws: OutboundFailure.self) { try server.ask(host, trusting: server.certificate) }
      #expect(failure?.description.hasPrefix("The server's certificate is not trusted") == true)
    }
    #expect(server.log.isEmpty)
  }

  @Test func `a server without TLS is not called by https`() throws {
    let stub = try WebStub { _ in .answer(200) }
    let address = try #require(WebAddress("https://127.0.0.1:\(stub.port)/"))
    #expect(throws: OutboundFailure.self) {
      try OutboundClient().send(OutboundRequest(address, milliseconds: 2000))
    }
  }
}

/// nginx with a certificate that signs itself.
private final class SecureServer {
  private let directory: TemporaryDirectory
  private let program: Program
  private let port: Int

  init(name: String) throws {
    let (directory, port) = (try TemporaryDirectory(), try freePort())
    (self.directory, self.port) = (directory, port)
    let maker = try Program(
      "/usr/bin/openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
        "/CN=\(name)", "-addext", "subjectAltName=DNS:\(name)", "-keyout", directory / "key.pem", "-out",
        directory / "certificate.pem",
      ], logPath: directory / "openssl.log")
    guard try maker.wait() == 0 else { throw Failure(maker.log) }
    try directory.write(
      "nginx.conf",
      """
      daemon off; pid \(directory / "pid"); error_log \(directory / "error.log"); worker_processes 1;
      events { }
      http {
        access_log \(directory / "access.log");
        \(["client_body", "proxy", "fastcgi", "scgi", "uwsgi"].map { "\($0)_temp_path \(directory / $0);" }.joined())
        server {
          listen 127.0.0.1:\(port) ssl;
          ssl_certificate \(directory / "certificate.pem");
          ssl_certificate_key \(directory / "key.pem");
          location / { add_header X-Stub yes; return 200 "ok"; }
        }
      }
      """)
    program = try Program(
      "/usr/sbin/nginx", ["-p", directory.path, "-e", directory / "error.log", "-c", directory / "nginx.conf"],
      logPath: directory / "output")
    try eventually("the server accepts") {
      guard let connection = HTTPAnswer.connected(to: port) else { return false }
      close(connection)
      return true
    }
  }

  deinit {
    program.signal(SIGTERM)
    _ = try? program.wait()
  }

  var certificate: String { directory / "certificate.pem" }
  var log: String { (try? read(directory / "access.log")) ?? "" }

  func ask(_ host: String, trusting authorities: String?) throws -> OutboundResponse {
    let address = try #require(WebAddress("https://\(host):\(port)/"))
    return try OutboundClient(authorities: authorities).send(OutboundRequest(address, milliseconds: 10_000))
  }
}
