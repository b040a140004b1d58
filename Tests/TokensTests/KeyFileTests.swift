import FoundationEssentials
import Glibc
import Support
import Synchronization
import Testing
import Tokens

@Suite(.tiers(.unit, .security))
struct KeyFileTests {
  @Test(arguments: [SignatureAlgorithm.hs256, .edDSA])
  func `a new file has one key and is readable by its owner only`(algorithm: SignatureAlgorithm) throws {
    let mint = try Mint(algorithm)
    #expect(mint.keys.map(\.algorithm) == [algorithm.rawValue])
    #expect(try #require(Base64.url.decode(mint.keys[0].secret)).count == 32)
    #expect(mint.tokens.keys.signing.createdAt == Mint.now)
    var status = stat()
    #expect(stat(mint.keyFile, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: mint.directory.path) == ["keys.json"])
  }

  @Test func `a file that exists is never replaced by a new one`() throws {
    let mint = try Mint()
    let before = try read(mint.keyFile)
    #expect(throws: KeyError.self) { try TokenKeys.create(mint.keyFile, .hs256, now: 0) }
    #expect(try read(mint.keyFile) == before)
  }

  @Test(arguments: [SignatureAlgorithm.rs256, .es256])
  func `the shop signs its tokens with two algorithms and no other`(algorithm: SignatureAlgorithm) throws {
    let directory = try TemporaryDirectory()
    #expect(throws: KeyError.self) { try TokenKeys.create(directory / "keys", algorithm, now: 0) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
  }

  @Test func `one rotation ends no session, and a second one ends the oldest`() throws {
    let mint = try Mint(.hs256)
    let oldest = mint.tokens.issue(Mint.claims)
    try TokenKeys.rotate(mint.keyFile, now: Mint.now)
    let once = try Mint.tokens(mint.keyFile)
    let newer = once.issue(Mint.claims)
    #expect(newer.parts[0] != oldest.parts[0])
    #expect(try once.verify(oldest, now: Mint.now) == Mint.claims)
    #expect(try once.verify(newer, now: Mint.now) == Mint.claims)

    try TokenKeys.rotate(mint.keyFile, now: Mint.now)
    let twice = try Mint.tokens(mint.keyFile)
    #expect(throws: TokenRefusal.unknownKey) { try twice.verify(oldest, now: Mint.now) }
    #expect(try twice.verify(newer, now: Mint.now) == Mint.claims)
    #expect(try Mint.keys(mint.keyFile).count == 2)
  }

  @Test func `a rotation may change the algorithm`() throws {
    let mint = try Mint(.hs256)
    let old = mint.tokens.issue(Mint.claims)
    try TokenKeys.rotate(mint.keyFile, to: .edDSA, now: Mint.now)
    let rotated = try Mint.tokens(mint.keyFile)
    #expect(rotated.keys.signing.algorithm == .edDSA)
    #expect(try rotated.verify(old, now: Mint.now) == Mint.claims)
    #expect(try rotated.verify(rotated.issue(Mint.claims), now: Mint.now) == Mint.claims)
    try TokenKeys.rotate(mint.keyFile, now: Mint.now)
    #expect(try TokenKeys(file: mint.keyFile).signing.algorithm == .edDSA)
  }

  @Test func `a worker that meets a token of a newer key reloads the file and believes it`() throws {
    let mint = try Mint()
    var slow = mint.tokens
    #expect(try !slow.reloadIfChanged())
    try TokenKeys.rotate(mint.keyFile, now: Mint.now)
    let text = try Mint.tokens(mint.keyFile).issue(Mint.claims)
    #expect(throws: TokenRefusal.unknownKey) { try slow.verify(text, now: Mint.now) }
    #expect(try slow.reloadIfChanged())
    #expect(try slow.verify(text, now: Mint.now) == Mint.claims)
    #expect(try !slow.reloadIfChanged())
  }

  private final class Count: Sendable {
    let value = Atomic(0)
  }

  @Test func `concurrent rotations lose no key, and none of them fails`() throws {
    let mint = try Mint(.hs256)
    let rotated = Count()
    let threads = (0..<4).map { _ in
      Support.Thread {
        for _ in 0..<25 where (try? TokenKeys.rotate(mint.keyFile, now: 0)) != nil {
          rotated.value.add(1, ordering: .relaxed)
        }
      }
    }
    for thread in threads { thread.join() }
    #expect(rotated.value.load(ordering: .relaxed) == 100)
    let keys = try Mint.keys(mint.keyFile)
    #expect(Set(keys.map(\.kid)).count == 2)
    #expect(try FileManager.default.contentsOfDirectory(atPath: mint.directory.path) == ["keys.json"])
  }

  @Test func `a half-written file of a crash disturbs nobody`() throws {
    let mint = try Mint()
    try mint.directory.write("keys.json.new", "{\"keys\":[")
    try TokenKeys.rotate(mint.keyFile, now: Mint.now)
    #expect(throws: Never.self) { try TokenKeys(file: mint.keyFile) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: mint.directory.path) == ["keys.json"])
  }

  @Test func `a damaged file is refused, and the keys in memory stay`() throws {
    let mint = try Mint()
    var tokens = mint.tokens
    let text = tokens.issue(Mint.claims)
    try Data("{}".utf8).write(to: URL(filePath: mint.keyFile))
    #expect(throws: KeyError.self) { try tokens.reloadIfChanged() }
    #expect(throws: KeyError.self) { try TokenKeys.rotate(mint.keyFile, now: 0) }
    #expect(try tokens.verify(text, now: Mint.now) == Mint.claims)
    unlink(mint.keyFile)
    #expect(throws: KeyError.self) { try tokens.reloadIfChanged() }
  }

  @Test(arguments: [0o660, 0o604, 0o620, 0o602, 0o601, 0o666, 0o777] as [mode_t])
  func `a file open to others is refused`(mode: mode_t) throws {
    let mint = try Mint()
    chmod(mint.keyFile, mode)
    let error = #expect(throws: KeyError.self) { try TokenKeys(file: mint.keyFile) }
    #expect(error?.description.contains("chmod 600") == true)
  }

  @Test func `a file that its owner opened to the group is accepted, and stays open to it after a rotation`() throws {
    let mint = try Mint()
    chmod(mint.keyFile, 0o640)
    try TokenKeys.rotate(mint.keyFile, now: Mint.now)
    #expect(throws: Never.self) { try TokenKeys(file: mint.keyFile) }
    var status = stat()
    #expect(stat(mint.keyFile, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o640)
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
  func `after a rotation by root the file still belongs to the workers`() throws {
    let mint = try Mint()
    chown(mint.keyFile, 65534, 65533)
    try TokenKeys.rotate(mint.keyFile, now: Mint.now)
    var status = stat()
    #expect(stat(mint.keyFile, &status) == 0)
    #expect(status.st_uid == 65534)
    #expect(status.st_gid == 65533)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  @Test func `a path that is not a file is refused without waiting`() throws {
    let directory = try TemporaryDirectory()
    mkfifo(directory / "fifo", 0o600)
    #expect(throws: KeyError.self) { try TokenKeys(file: directory / "fifo") }
    #expect(throws: KeyError.self) { try TokenKeys(file: directory.path) }
    #expect(throws: KeyError.self) { try TokenKeys(file: directory / "missing") }
    #expect(throws: KeyError.self) { try TokenKeys(file: "/dev/zero") }
    #expect(throws: KeyError.self) { try TokenKeys.create(directory / "missing/keys", .hs256, now: 0) }
  }

  private static let secret = String(repeating: "A", count: 43)

  @Test(arguments: [
    "", "[]", "{}", #"{"keys":[]}"#, #"{"keys":[{}]}"#, "nonsense",
    stored("k", "HS256", String(repeating: "A", count: 42)), stored("k", "HS256", ""),
    stored("k", "HS256", secret + "="),
    stored("k", "none", secret), stored("k", "RS256", secret), stored("k", "hs256", secret),
    stored("", "HS256", secret),
    stored("k\\\"", "HS256", secret), stored("k.", "HS256", secret),
    stored(String(repeating: "k", count: 65), "HS256", secret),
  ])
  func `an invalid file is refused without quoting a secret`(text: String) throws {
    let error = #expect(throws: KeyError.self) { try Self.load(text) }
    #expect(error?.description.contains("keys.json") == true)
    #expect(error?.description.contains("AAAA") == false)
  }

  @Test func `a file has at most two keys, with different ids`() throws {
    func entry(_ id: String) -> String { String(Self.stored(id, "HS256", Self.secret).dropFirst(9).dropLast(2)) }
    #expect(throws: Never.self) { try Self.load(#"{"keys":[\#(entry("a")),\#(entry("b"))]}"#) }
    #expect(throws: KeyError.self) { try Self.load(#"{"keys":[\#(entry("a")),\#(entry("a"))]}"#) }
    #expect(throws: KeyError.self) { try Self.load(#"{"keys":[\#(entry("a")),\#(entry("b")),\#(entry("c"))]}"#) }
  }

  private static func stored(_ id: String, _ algorithm: String, _ secret: String) -> String {
    #"{"keys":[{"kid":"\#(id)","algorithm":"\#(algorithm)","created":1,"secret":"\#(secret)"}]}"#
  }

  private static func load(_ text: String) throws -> TokenKeys {
    let directory = try TemporaryDirectory()
    try directory.write("keys.json", text)
    chmod(directory / "keys.json", 0o600)
    return try TokenKeys(file: directory / "keys.json")
  }
}
