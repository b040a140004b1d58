import FoundationEssentials
import Glibc
import Support
import Testing

/// Keys and passwords of a new installation. Plain users, who cannot give files away, run these tests as well.
@Suite(.tiers(.e2e, .security))
struct SecretsCommandTests {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  @Test(arguments: [([], 0o600), (["--group-readable"], 0o640)] as [([String], mode_t)])
  func `a key and the first admin's password are made once, readable by the owner or also by the group`(
    _ options: [String], _ mode: mode_t
  ) throws {
    #expect(try secrets(options).status == 0)
    let files = [directory / "keys.json", directory / "password"]
    #expect(try files.map(permissions) == [mode, mode])
    let before = try files.map(read)
    #expect(before.allSatisfy { $0.utf8.count > 30 })
    let again = try secrets(options)
    #expect(again.status == 0 && again.log.isEmpty)
    #expect(try files.map(read) == before)
  }

  @Test func `every reader has a directory, whose files are made once and are closed to others`() throws {
    let readers = ["database", "owner", "app", "auth", "ops", "keys", "admin"]
    for reader in readers { mkdir(directory / reader, 0o700) }
    let options = [
      "--volumes", directory.path, "--database-uid", "\(getuid())", "--roles", projectRoot + "/deploy/roles.sql",
    ]
    let first = try secrets(options)
    #expect(first.status == 0)
    #expect(first.log.split(separator: "\n").count == 3)
    let passwords = ["owner", "app", "auth", "ops", "admin"].map { directory / "\($0)/password" }
    let others = ["roles.psql", "roles.sql", "superuser-password"].map { directory / "database/\($0)" }
    #expect(try (passwords + others).map(permissions) == Array(repeating: 0o400, count: 8))
    #expect(try permissions(directory / "keys/keys.json") == 0o600)
    #expect(try readers.map { try permissions(directory / $0) } == Array(repeating: 0o755, count: 7))
    let texts = try passwords.map(read)
    #expect(Set(texts).count == 5)
    for (role, password) in zip(["owner", "app", "auth", "ops"], texts) {
      #expect(try read(others[1]).contains("\\set \(role)_password '\(password.dropLast())'\n"))
    }
    #expect(try secrets(options).log.isEmpty)
    #expect(try passwords.map(read) == texts)
    // An interrupted run starts anew.
    unlink(others[2])
    #expect(try secrets(options).log == "secrets: new passwords are in the volumes\n")
    #expect(try read(passwords[1]) != texts[1])
  }

  @Test(arguments: [
    (["--volumes", "/tmp"], 64, "--volumes wants --database-uid N"),
    (["--owner", "no such user"], 1, "there is no user no such user"),
  ])
  func `a contradictory call is refused`(_ options: [String], _ status: Int32, _ words: String) throws {
    let refused = try secrets(options)
    #expect(refused.status == status)
    #expect(refused.log.contains(words))
  }

  private func secrets(_ options: [String]) throws -> (status: Int32, log: String) {
    let log = directory / "log-\(UInt32.random(in: 0 ... .max))"
    let command = try Program(
      Program.built("tuckshop"), ["secrets"] + options,
      environment: [
        "TUCKSHOP_KEY_FILE": directory / "keys.json", "TUCKSHOP_ADMIN_PASSWORD_FILE": directory / "password",
      ], logPath: log)
    return (try command.wait(), command.log)
  }

  private func permissions(_ path: String) throws -> mode_t {
    var status = stat()
    guard stat(path, &status) == 0 else { throw Failure("there is no \(path)") }
    return status.st_mode & 0o777
  }
}
