import Glibc
import Support
import Testing

/// Shared memory of the pool that hashes passwords, and requests that do not wait for it.
@Suite(.tiers(.e2e, .security, .slow), .serialized)
struct SignInTests {
  @Test func `sessions are renewed and ended while no hashing worker runs`() throws {
    let world = try World()
    let body = #"{"email":"anna@b.example","password":"correct horse"}"#
    let newcomer = #"{"email":"anna@b.example","password":"correct horse","full_name":"Anna"}"#
    #expect(try world.post("/api/v1/auth/register", newcomer).status == 201)
    let login = try world.post("/api/v1/auth/login", body)
    #expect(login.status == 200)
    let hashers = try world.workers("auth")
    for worker in hashers { kill(worker, SIGSTOP) }
    defer { for worker in hashers { kill(worker, SIGCONT) } }
    let refresh = try #require(login.member("refresh_token"))
    let renewed = try world.post("/api/v1/auth/refresh", "{\"refresh_token\":\"\(refresh)\"}")
    #expect(renewed.status == 200)
    #expect(try world.post("/api/v1/auth/logout", "", token: renewed.member("access_token")).status == 204)
  }

  /// The inodes of the memory that these workers share. The memory has no name any more.
  private func shared(by workers: [pid_t]) -> Set<Substring> {
    Set(
      workers.flatMap { worker in
        ((try? read("/proc/\(worker)/maps")) ?? "").split(separator: "\n").filter { $0.contains("/dev/shm/tuckshop-") }
          .map { $0.split(separator: " ", omittingEmptySubsequences: true)[4] }
      })
  }

  @Test func `all hashing workers share their verified passwords, and so does a new one`() throws {
    let world = try World()
    try eventually("both have it") {
      try world.workers("auth").allSatisfy { shared(by: [$0]).count == 1 }
    }
    let before = try world.workers("auth")
    let memory = shared(by: before)
    #expect(before.count == 6)
    #expect(memory.count == 1)
    kill(before[0], SIGKILL)
    try eventually("another one has taken its place") {
      let now = try world.workers("auth")
      return now.count == 6 && !now.contains(before[0]) && shared(by: now) == memory
        && now.allSatisfy { shared(by: [$0]).count == 1 }
    }
    // No other pool has it; the pool app has the names of people in such memory of its own.
    #expect(try shared(by: world.workers("app")).isDisjoint(with: memory))
    #expect(try shared(by: world.workers("app")).count == 1)
  }
}
