internal import Postgres
internal import Support
internal import Testing

/// A bound value comes back the same, byte for byte.
@Suite(.tiers(.database))
struct BindTests {
  @Test(arguments: [
    "", " ", "'; DROP TABLE users; --", "it''s", "\"quoted\"", "back\\slash", "\\", "\\'; --", "\\x41", "$1", "$$",
    "%s",
    "tab\tline\nreturn\r\u{1}\u{7F}", "😀", "👩‍👩‍👧‍👦", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "e\u{301}", "é", "Ж", "\u{FEFF}", "\u{10FFFF}", "\u{FFFD}",
    "\u{202E}evil", "NULL", "{}", "{\"a\":1}", "(1,2)", "E'\\n'",
  ])
  func `a hostile string comes back byte for byte`(text: String) throws {
    try withDatabase { connection in
      try connection.perform("CREATE TEMP TABLE kept (word text)")
      try connection.run("INSERT INTO kept VALUES (\(text))")
      let back: String = try connection.value("SELECT word FROM kept")
      #expect(Array(back.utf8) == Array(text.utf8))
      // PostgreSQL received it unchanged, and did not merely send back the same bytes.
      let hexadecimal: [UInt8] = try connection.value("SELECT convert_to(word, 'UTF8') FROM kept")
      #expect(hexadecimal == Array(text.utf8))
    }
  }

  @Test func `a long string comes back whole`() throws {
    let text = String(repeating: "naïve 😀 ", count: 100_000)
    try withDatabase { connection in
      let back: String = try connection.value("SELECT \(text)::text")
      #expect(back.utf8.elementsEqual(text.utf8))
    }
  }

  @Test(arguments: ["\0", "a\0", "\0a", "a\0b", "😀\0'; --"])
  func `a NUL is refused before anything is sent`(text: String) throws {
    try withDatabase { connection in
      let error = #expect(throws: PostgresError.self) { try connection.run("SELECT \("before"), \(text)") }
      #expect(error?.reason == .refused)
      #expect(error?.sqlstate == "22021")
      #expect(error?.isBadInput == true)
      #expect(error?.outcomeUnknown == false)
      // If PostgreSQL had received it, this transaction would be aborted.
      let next: Int = try connection.value("SELECT 1")
      #expect(next == 1)
    }
  }

  @Test(arguments: [Int.min, Int.min + 1, -1, 0, 1, 1 << 53, Int.max - 1, Int.max])
  func `an integer comes back from either end`(number: Int) throws {
    try withDatabase { connection in
      let back: Int = try connection.value("SELECT \(number)::int8")
      #expect(back == number)
    }
  }

  @Test(arguments: ["9223372036854775808", "-9223372036854775809", "99999999999999999999999", "1.0", "NaN"])
  func `a number that does not fit into an Int is a mismatch`(number: String) throws {
    try withDatabase { connection in
      let error = #expect(throws: PostgresError.self) {
        try connection.value("SELECT \(number)::numeric", as: Int.self)
      }
      #expect(error?.reason == .mismatch)
    }
  }

  @Test func `an integer too large for its column is bad input`() throws {
    let connection = try TestCluster.connection()
    let error = #expect(throws: PostgresError.self) { try connection.run("SELECT \(Int.max)::int4") }
    #expect(error?.sqlstate == "22003")
    #expect(error?.isBadInput == true)
  }

  @Test func `all bytes come back through bytea`() throws {
    let bytes = Array(UInt8.min...UInt8.max)
    try withDatabase { connection in
      let back: [UInt8] = try connection.value("SELECT \(bytes)::bytea")
      let length: Int = try connection.value("SELECT length(\(bytes)::bytea)")
      let none: [UInt8] = try connection.value("SELECT \([UInt8]())::bytea")
      #expect(back == bytes)
      #expect(length == 256)
      #expect(none.isEmpty)
    }
  }

  @Test func `null, truth and fractions come back`() throws {
    try withDatabase { connection in
      let absent: String? = try connection.value("SELECT \(String?.none)::text")
      let empty: String? = try connection.value("SELECT \("")::text")
      let truth: [Bool] = try connection.row("SELECT \(true)::bool, \(false)::bool") {
        try [$0.value(0), $0.value(1)]
      }!
      let fraction: Double = try connection.value("SELECT \(0.1)::float8")
      let infinite: Double = try connection.value("SELECT \(-Double.infinity)::float8")
      #expect(absent == nil)
      #expect(empty == "")
      #expect(truth == [true, false])
      #expect(fraction == 0.1)
      #expect(infinite == -.infinity)
    }
  }
}
