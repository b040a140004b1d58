import FoundationEssentials
import Glibc
import Support

/// A sign-on service as an auth_request asks it: the cookie decides its answer.
final class SignOnStub: Sendable {
  private let directory: TemporaryDirectory
  private let program: Program
  let port: Int

  /// It accepts the cookies `session=NAME`; the others cause other answers of such a service.
  init() throws {
    let directory = try TemporaryDirectory()
    let port = try freePort()
    (self.directory, self.port) = (directory, port)
    try directory.write(
      "nginx.conf",
      """
      daemon off; pid \(directory / "pid"); error_log \(directory / "log"); worker_processes 1;
      events { }
      http {
        access_log off;
        \(["client_body", "proxy", "fastcgi", "scgi", "uwsgi"].map { "\($0)_temp_path \(directory / $0);" }.joined())
        map $http_cookie $name { default ""; ~^session=(?<who>.+)$ $who; what=echo "$http_x_auth_request_user"; }
        server {
          listen 127.0.0.1:\(port);
          location = /oauth2/auth {
            add_header X-Auth-Request-User $name always;
            if ($http_cookie = "") { return 401; }
            if ($http_cookie ~ "refused=(?<code>\\d+)") { rewrite ^ /refused/$code last; }
            if ($http_cookie = "what=silence") { rewrite ^ /silence last; }
            return 202;
          }
          location /refused/ {
            internal;
            add_header X-Auth-Request-User admin always;
            location = /refused/401 { return 401; }
            location = /refused/403 { return 403; }
            location = /refused/302 { return 302 https://elsewhere.example/; }
            location = /refused/500 { return 500; }
            location = /refused/418 { return 418; }
            location = /refused/206 { return 206; }
          }
          location = /silence { internal; proxy_pass http://unix:\(directory / "silent.sock"); }
        }
      }
      """)
    program = try Program(
      "/usr/sbin/nginx", ["-p", directory.path, "-e", directory / "log", "-c", directory / "nginx.conf"],
      logPath: directory / "output")
    try eventually("the service answers") { try HTTPAnswer.asking(port, "GET", "/").status == 404 }
  }

  deinit { stop() }

  /// Accepts a connection and never answers.
  func silence() throws -> Listener {
    let listener = try Listener(path: directory / "silent.sock")
    chmod(listener.path, 0o777)
    return listener
  }

  func stop() {
    program.signal(SIGTERM)
    _ = try? program.wait()
  }
}
