internal import FoundationEssentials
internal import Migrations
internal import Support
internal import Testing

@Suite(.tiers(.unit))
struct MigrationFilesTests {
  private func files(_ names: [String]) -> [String: String] {
    Dictionary(uniqueKeysWithValues: names.map { ($0, "SELECT 1;") })
  }

  @Test func `migrations come in the order of their numbers, each with its down file`() throws {
    var names = (1...11).flatMap { number in
      ["up", "down"].map { "\(number < 10 ? "000" : "00")\(number)_part_\(number).\($0).sql" }
    }
    names.shuffle()
    let found = try withFolder(files(names)) { try Migration.all(in: $0) }
    #expect(found.map(\.version) == Array(1...11))
    #expect(found[9].title == "0010_part_10")
    #expect(found[9].up.name == "0010_part_10.up.sql")
    #expect(found[9].down.name == "0010_part_10.down.sql")
  }

  @Test func `text is read unchanged`() throws {
    let text = "-- ж😀e\u{301}\r\nSELECT 1"
    let found = try withFolder(["0001_a.up.sql": text, "0001_a.down.sql": ""]) { try Migration.all(in: $0) }
    #expect(found.map { Array($0.up.text.utf8) } == [Array(text.utf8)])
    #expect(found.map(\.down.text) == [""])
  }

  @Test func `files that are not SQL are ignored`() throws {
    let found = try withFolder(files(["README.md", "0001_a.up.sql", "0001_a.down.sql", "0001_a.up.sql~"])) {
      try Migration.all(in: $0)
    }
    #expect(found.map(\.title) == ["0001_a"])
  }

  @Test func `no files are no migrations`() throws {
    let found = try withFolder([:]) { try Migration.all(in: $0) }
    #expect(found.isEmpty)
  }

  @Test(arguments: [
    (["0002_a.up.sql", "0002_a.down.sql"], "0002_a: number 0001 is missing before it"),
    (
      ["0001_a.up.sql", "0001_a.down.sql", "0003_c.up.sql", "0003_c.down.sql"],
      "0003_c: number 0002 is missing before it"
    ),
    (["0000_a.up.sql", "0000_a.down.sql"], "0000_a: number 0001 is missing before it"),
    (["0001_a.up.sql", "0001_a.down.sql", "0001_b.up.sql"], "0001_b.up.sql: number 0001 is already taken by 0001_a"),
    (["0001_a.up.sql"], "0001_a.down.sql is missing"), (["0001_a.down.sql"], "0001_a.up.sql is missing"),
  ])
  func `a gap, a duplicate and a file without its pair are refused`(names: [String], message: String) throws {
    try withFolder(files(names)) { directory in
      #expect(throws: MigrationError(message)) { try Migration.all(in: directory) }
    }
  }

  @Test(arguments: [
    "1_a.up.sql", "00001_a.up.sql", "0001-a.up.sql", "0001_A.up.sql", "0001_a.sql", "0001_a.UP.sql", "0001_.up.sql",
    "0001_a b.up.sql", "0001_ä.up.sql", "a.sql", ".sql", "٠٠٠١_a.up.sql", "０００１_a.up.sql", "0001_a.up.sql.sql",
  ])
  func `a badly named file is refused by its name`(name: String) throws {
    try withFolder(files([name])) { directory in
      #expect(throws: MigrationError("\(name): a migration is called NNNN_name.up.sql or NNNN_name.down.sql")) {
        try Migration.all(in: directory)
      }
    }
  }

  @Test(arguments: [[0xC3, 0x28], [0xFF], [0x53, 0x00, 0x3B]] as [[UInt8]])
  func `a file that is not text is refused by its name`(bytes: [UInt8]) throws {
    try withFolder(files(["0001_a.down.sql"])) { directory in
      try Data(bytes).write(to: URL(filePath: directory + "/0001_a.up.sql"))
      let error = #expect(throws: MigrationError.self) { try Migration.all(in: directory) }
      #expect(error?.description.hasPrefix("0001_a.up.sql: cannot be read as") == true)
    }
  }

  @Test func `a missing directory is named`() {
    let error = MigrationError("/nowhere/at/all: this directory of migrations cannot be read; set TUCKSHOP_MIGRATIONS")
    #expect(throws: error) { try Migration.all(in: "/nowhere/at/all") }
  }

  @Test func `new creates the next pair`() throws {
    try withFolder([:]) { directory in
      let first = try Migration.create("users", in: directory)
      let second = try Migration.create("more_users_2", in: directory)
      #expect(first == ["0001_users.up.sql", "0001_users.down.sql"])
      #expect(second == ["0002_more_users_2.up.sql", "0002_more_users_2.down.sql"])
      let found = try Migration.all(in: directory)
      #expect(found.map(\.title) == ["0001_users", "0002_more_users_2"])
      #expect(found.allSatisfy { SQLScript($0.up.text).statements.isEmpty })
    }
  }

  @Test(arguments: ["", "Users", "a-b", "a b", "../up", "ä", "a.b"])
  func `new refuses a name that no file may have`(name: String) throws {
    try withFolder([:]) { directory in
      #expect(throws: MigrationError.self) { try Migration.create(name, in: directory) }
      let left = try FileManager.default.contentsOfDirectory(atPath: directory)
      #expect(left.isEmpty)
    }
  }
}
