import Glibc
import Support

extension World {
  /// One world for all that only asks. It is taken down when the tests are over.
  static let shared: World = {
    let world = try! World(["TUCKSHOP_REQUEST_TIMEOUT_MS": "4000"])
    atexit { _ = try? World.shared.stop() }
    return world
  }()
}
