internal import Glibc

/// A real thread: tests of concurrency need threads, not a pool that may use fewer.
package final class Thread: @unchecked Sendable {
  private var handle = pthread_t()

  package init(_ body: @escaping @Sendable () -> Void) {
    let boxed = Unmanaged.passRetained(Box(body)).toOpaque()
    pthread_create(
      &handle, nil,
      { raw in
        Unmanaged<Box>.fromOpaque(raw!).takeRetainedValue().body()
        return nil
      }, boxed)
  }

  package func join() { pthread_join(handle, nil) }

  private final class Box {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}

package func read(_ path: String) throws -> String {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw Failure("cannot read \(path)") }
  defer { close(descriptor) }
  var text: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = Glibc.read(descriptor, &chunk, chunk.count)
    if count <= 0 { return String(decoding: text, as: UTF8.self) }
    text += chunk[..<count]
  }
}
