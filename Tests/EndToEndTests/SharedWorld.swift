import Glibc
import Support

extension World {
  /// One world for all tests that change nothing in it. It ends with the tests.
  static let shared: World = {
    let world = try! World(["TUCKSHOP_REQUEST_TIMEOUT_MS": "4000"])
    atexit { _ = try? World.shared.stop() }
    return world
  }()
}

extension World {
  /// A new user of the merch shop, with a thousand coins.
  func merchToken(_ name: String) throws -> String {
    let answer = try post("/api/auth", #"{"username":"\#(name)","password":"pass word of \#(name)"}"#)
    guard let token = answer.member("token") else { throw Failure(answer.body) }
    return token
  }

  /// The admin that bin/run names signs in; the appointment comes soon after the start.
  func adminToken() throws -> String {
    let password = try read(directory / "admin-password").filter { $0 != "\n" }
    var answer = HTTPAnswer.broken
    try eventually("the first admin can sign in") {
      answer = try post("/api/v1/auth/login", #"{"username":"admin","password":"\#(password)"}"#)
      return answer.status == 200
    }
    return answer.member("access_token") ?? ""
  }
}
