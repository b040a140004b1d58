internal import Postgres
internal import Support
internal import Testing

@Suite(.tiers(.unit))
struct SQLTests {
  @Test func `an interpolated value is bound, and only its number is in the text`() {
    let sql: SQL = "SELECT * FROM users WHERE name = \("'; DROP TABLE users; --") AND coins > \(5)"
    #expect(sql.text == "SELECT * FROM users WHERE name = $1 AND coins > $2")
    #expect(sql.binds == [.text("'; DROP TABLE users; --"), .text("5")])
  }

  @Test func `only raw text becomes part of the statement`() {
    let sql: SQL = "SELECT \(1) FROM \(raw: "users") WHERE id = \(2)"
    #expect(sql.text == "SELECT $1 FROM users WHERE id = $2")
    #expect(sql.binds == [.text("1"), .text("2")])
  }

  @Test func `pieces are put together without a look at their text`() {
    let inner: SQL = "name = \("anna") OR note = '$1 and $10'"
    let piece: SQL = "(\(inner)) AND coins > \(5)"
    let sql: SQL = "SELECT \(1) FROM users WHERE \(piece) AND \(inner) LIMIT \(2)"
    #expect(
      sql.text == """
        SELECT $1 FROM users WHERE (name = $2 OR note = '$1 and $10') AND coins > $3 \
        AND name = $4 OR note = '$1 and $10' LIMIT $5
        """)
    #expect(sql.binds == [.text("1"), .text("anna"), .text("5"), .text("anna"), .text("2")])
  }

  @Test func `a literal is used unchanged`() {
    let sql: SQL = "SELECT '$1', 'it''s', E'\\n' -- %s ?"
    #expect(sql.text == "SELECT '$1', 'it''s', E'\\n' -- %s ?")
    #expect(sql.binds.isEmpty)
  }

  @Test func `the same statement with other values has the same text`() {
    let statements = ["a", "$1", "'"].map { name -> SQL in "SELECT \(name)" }
    #expect(Set(statements.map(\.text)) == ["SELECT $1"])
  }

  @Test func `the tenth value is numbered ten`() {
    let sql: SQL = "\(1)\(2)\(3)\(4)\(5)\(6)\(7)\(8)\(9)\(10)\(11)"
    #expect(sql.text == "$1$2$3$4$5$6$7$8$9$10$11")
    #expect(sql.binds.count == 11)
  }

  @Test func `nil is bound as null and an empty string is not null`() {
    let absent: String? = nil
    let nothing: Int? = nil
    let present: Int? = 3
    let sql: SQL = "SELECT \(absent), \(nothing), \(present), \("")"
    #expect(sql.binds == [.null, .null, .text("3"), .text("")])
  }

  @Test(arguments: [
    (true as any PostgresEncodable & Sendable, "t"), (false, "f"), (Int.max, "9223372036854775807"),
    (Int.min, "-9223372036854775808"), (0.1, "0.1"), (Double.infinity, "inf"),
    ([0, 15, 16, 255] as [UInt8], #"\x000f10ff"#),
    ([] as [UInt8], #"\x"#), ("\\x", #"\x"#),
  ])
  func `a value is written as PostgreSQL reads it`(value: any PostgresEncodable & Sendable, text: String) {
    #expect(value.bind == .text(text))
  }
}
