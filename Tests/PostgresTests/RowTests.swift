internal import Postgres
internal import Support
internal import Testing

@Suite(.tiers(.unit))
struct DecodingTests {
  private func read<T: PostgresDecodable>(_ text: String, as type: T.Type) -> T? {
    var text = text
    return text.withUTF8 { T(postgres: UnsafeRawBufferPointer($0)) }
  }

  @Test(arguments: [
    ("0", 0), ("-0", 0), ("7", 7), ("-7", -7), ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min),
  ])
  func `digits are an Int`(text: String, number: Int) { #expect(read(text, as: Int.self) == number) }

  @Test(arguments: [
    "", "-", "+1", " 1", "1 ", "1.0", "1e3", "--1", "/", ":", "t", "٣", "9223372036854775808",
    "-9223372036854775809", "18446744073709551616", "99999999999999999999",
  ])
  func `anything else is not`(text: String) { #expect(read(text, as: Int.self) == nil) }

  @Test(arguments: ["", "true", "false", "tea", "fog", "1", "T"])
  func `only t and f are a Bool`(text: String) { #expect(read(text, as: Bool.self) == nil) }

  @Test func `bytes that are not UTF-8 are not a String`() {
    let bytes: [UInt8] = [0x61, 0xC3]
    #expect(bytes.withUnsafeBytes { String(postgres: $0) } == nil)
  }

  @Test func `only an Optional can be null`() {
    #expect(String(postgres: nil) == nil)
    #expect(Int(postgres: nil) == nil)
    #expect(Bool(postgres: nil) == nil)
    #expect(Double(postgres: nil) == nil)
    #expect([UInt8](postgres: nil) == nil)
    #expect(Int??.some(.none) == Int?(postgres: nil))
  }

  @Test(arguments: [
    ("[{\"a\":1}]", Array("[{\"a\":1}]".utf8)), (#"\x00ff7F"#, [0, 255, 127]), (#"\x"#, []), ("", []),
    // A bytea never has an odd number of digits, so this is a text that begins like one.
    (#"\x1"#, Array(#"\x1"#.utf8)),
  ])
  func `bytes are a bytea, or the text itself`(text: String, bytes: [UInt8]) {
    #expect(read(text, as: [UInt8].self) == bytes)
  }
}

@Suite(.tiers(.database))
struct RowTests {
  @Test func `columns are read by their names, in any order and in every row`() throws {
    try withDatabase { connection in
      let rows = try connection.rows(
        "SELECT n AS number, -n AS negative, n % 2 = 0 AS is_even FROM generate_series(1, 3) n"
      ) {
        (
          try $0.value("is_even", as: Bool.self), try $0.value("number", as: Int.self),
          try $0.value("negative", as: Int.self)
        )
      }
      #expect(rows.map(\.0) == [false, true, false])
      #expect(rows.map(\.1) == [1, 2, 3])
      #expect(rows.map(\.2) == [-1, -2, -3])
    }
  }

  @Test func `a name that is not in the answer is told, with the statement`() throws {
    try withDatabase { connection in
      let error = #expect(throws: PostgresError.self) {
        try connection.row("SELECT 1 AS one") { try $0.value("two", as: Int.self) }
      }
      #expect(error?.reason == .mismatch)
      #expect(error?.description.contains("there is no column two") == true)
      #expect(error?.description.contains("SELECT 1 AS one") == true)
    }
  }

  @Test func `rows become values in their order`() throws {
    try withDatabase { connection in
      let pairs = try connection.rows("SELECT n, 'no. ' || n FROM generate_series(1, \(3)) n ORDER BY n DESC") {
        (try $0.value(0, as: Int.self), try $0.value(1, as: String.self))
      }
      #expect(pairs.map(\.0) == [3, 2, 1])
      #expect(pairs.map(\.1) == ["no. 3", "no. 2", "no. 1"])
    }
  }

  @Test func `no row is nil and not an error`() throws {
    try withDatabase { connection in
      let none = try connection.row("SELECT 1 WHERE false") { try $0.value(0, as: Int.self) }
      #expect(none == nil)
    }
  }

  @Test func `a missing row is a mismatch that names the statement`() throws {
    try withDatabase { connection in
      let error = #expect(throws: PostgresError.self) { try connection.value("SELECT 1 WHERE false", as: Int.self) }
      #expect(error?.reason == .mismatch)
      #expect(error?.sql == "SELECT 1 WHERE false")
    }
  }

  @Test func `a column of another type is a mismatch that shows no content`() throws {
    try withDatabase { connection in
      let error = #expect(throws: PostgresError.self) {
        try connection.rows("SELECT 1, \("hidden")::text") { try $0.value(1, as: Int.self) }
      }
      #expect(error?.reason == .mismatch)
      #expect("\(error!)" == "mismatch · column 1 cannot be read as Int · in: SELECT 1, $1::text")
      let next: Int = try connection.value("SELECT 2")
      #expect(next == 2)
    }
  }

  @Test func `an unexpected null is reported`() throws {
    try withDatabase { connection in
      let error = #expect(throws: PostgresError.self) { try connection.value("SELECT NULL::int", as: Int.self) }
      #expect(error?.message == "column 0 cannot be read as Int: it is null")
      let optional: Int? = try connection.value("SELECT NULL::int")
      #expect(optional == nil)
    }
  }

  @Test func `an error from the reading closure is passed on`() throws {
    try withDatabase { connection in
      #expect(throws: Odd("own")) { try connection.rows("SELECT 1") { _ in throw Odd("own") } }
    }
  }

  @Test func `a statement without rows returns the number of affected rows`() throws {
    try withDatabase { connection in
      let created = try connection.run("CREATE TEMP TABLE numbers (n int)")
      let inserted = try connection.run("INSERT INTO numbers SELECT generate_series(1, \(7))")
      let updated = try connection.run("UPDATE numbers SET n = 0 WHERE n > \(5)")
      #expect([created, inserted, updated] == [0, 7, 2])
    }
  }
}
