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
