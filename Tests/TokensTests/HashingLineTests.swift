import Glibc
import Support
import Synchronization
import Testing
import Tokens

/// As many workers hash as there are processors, a few wait, and one stays free.
@Suite(.tiers(.integration, .concurrency))
struct HashingLineTests {
  /// One worker's view of the line: the same file, opened separately.
  private func hashing(_ path: String, turns: Int = 2, workers: Int = 5) throws -> (Hashing, File) {
    let file = try File(path)
    let line = HashingLine(descriptor: file.descriptor, bell: file.bell, turns: turns, workers: { workers })
    return (Hashing(line: line), file)
  }

  @Test func `there are places for all workers but one`() throws {
    let directory = try TemporaryDirectory()
    let workers = try (0..<6).map { _ in try hashing(directory / "line") }
    var places = workers.prefix(4).map { $0.0.place() }
    #expect(places.allSatisfy { $0 != nil })
    #expect(workers[4].0.place() == nil)
    #expect(workers[5].0.place() == nil)
    places[1] = nil
    places[1] = workers[4].0.place()
    #expect(places[1] != nil)
    #expect(workers[5].0.place() == nil)
    withExtendedLifetime((places, workers)) {}
  }

  @Test func `with no more workers than turns each of them may hash`() throws {
    let directory = try TemporaryDirectory()
    let workers = try (0..<2).map { _ in try hashing(directory / "line", workers: 2) }
    let places = workers.map { $0.0.place() }
    #expect(places.allSatisfy { $0 != nil })
    withExtendedLifetime((places, workers)) {}
  }

  @Test func `no more workers hash at once than there are turns, and every worker with a place gets a turn`() throws {
    let directory = try TemporaryDirectory()
    let hashes = Hashes()
    let workers = try (0..<4).map { _ in try hashing(directory / "line") }
    let done = try onThreads(4) { number in
      let (hashing, file) = workers[number]
      defer { withExtendedLifetime(file) {} }
      var done = 0
      for _ in 0..<20 {
        guard let place = hashing.place() else { throw Failure("no place") }
        done += place.atTurn { hashes.compute() } ?? 0
      }
      return done
    }
    #expect(done == [20, 20, 20, 20])
    #expect(hashes.most <= 2)
  }

  @Test func `a worker that ends its turn wakes the next one, and wakes do not add up`() throws {
    let directory = try TemporaryDirectory()
    let (hashing, file) = try hashing(directory / "line")
    let place = try #require(hashing.place())
    var wakes: Int32 = -1
    for turn in 1...5 {
      place.atTurn {}
      #expect(sem_getvalue(file.bell, &wakes) == 0)
      #expect(wakes == min(turn, 2))
    }
  }

  @Test func `a worker that dies frees its place and its turn`() throws {
    let directory = try TemporaryDirectory()
    let (other, file) = try hashing(directory / "line", turns: 1, workers: 2)
    do {
      let (dead, deadFile) = try hashing(directory / "line", turns: 1, workers: 2)
      let place = try #require(dead.place())
      place.atTurn {
        #expect(other.place() == nil)
        // The kernel closes a dead process's files.
        deadFile.lose()
      }
      withExtendedLifetime(place) {}
    }
    let place = try #require(other.place())
    #expect(place.atTurn { 1 } == 1)
    withExtendedLifetime(file) {}
  }

  @Test func `a third of the workers may wait for other servers, and at least one`() throws {
    let directory = try TemporaryDirectory()
    for (workers, most) in [(1, 1), (2, 1), (6, 2), (8, 2), (9, 3)] {
      let files = try (0..<workers).map { _ in try File(directory / "calls-\(workers)") }
      var places = files.map { Places.forCalls(descriptor: $0.descriptor, workers: { workers }).take() }
      #expect(places.count { $0 != nil } == most)
      places[0] = nil
      places.append(Places.forCalls(descriptor: files[0].descriptor, workers: { workers }).take())
      #expect(places.count { $0 != nil } == most)
      withExtendedLifetime(files) {}
    }
  }

  @Test func `a worker that comes too late gets no place, and without a line every worker gets one`() {
    #expect(Hashing(isInTime: false).place() == nil)
    #expect(Hashing().place()?.atTurn { 1 } == 1)
  }
}

private final class File: @unchecked Sendable {
  let descriptor: Int32
  let bell: UnsafeMutablePointer<sem_t>

  /// The first to open the file makes the semaphore; the tests open it one after the other.
  init(_ path: String) throws {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Failure("cannot open \(path)") }
    var status = stat()
    let isNew = fstat(descriptor, &status) == 0 && status.st_size == 0
    guard ftruncate(descriptor, 64) == 0,
      let memory = mmap(nil, 64, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), memory != MAP_FAILED
    else { throw Failure("cannot map \(path)") }
    bell = memory.bindMemory(to: sem_t.self, capacity: 1)
    if isNew { sem_init(bell, 1, 0) }
  }

  /// Another file takes over the descriptor's number, so that nothing else reuses it.
  func lose() {
    let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
    dup2(nothing, descriptor)
    close(nothing)
  }

  deinit {
    munmap(bell, 64)
    close(descriptor)
  }
}

/// Counts the concurrent hashes.
private final class Hashes: Sendable {
  private let counts = Mutex((now: 0, most: 0))
  private let passwords = Passwords(parameters: .init(memoryKiB: 1024, passes: 1, lanes: 1))

  var most: Int { counts.withLock { $0.most } }

  func compute() -> Int {
    counts.withLock {
      $0.now += 1
      $0.most = max($0.most, $0.now)
    }
    _ = passwords.hash("correct horse")
    counts.withLock { $0.now -= 1 }
    return 1
  }
}
