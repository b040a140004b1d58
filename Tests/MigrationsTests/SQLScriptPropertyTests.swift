internal import Migrations
internal import Support
internal import Testing

/// Random files from known statements. The number of the case is the seed: a failure repeats itself.
@Suite(.tiers(.unit))
struct SQLScriptPropertyTests {
  private static let pieces = [
    "SELECT 1", "SELECT ';', 'it''s;', ''", "SELECT '\\'", "SELECT E'\\';\\\\', e''",
    "SELECT U&'\\0441;', U&\"d\\0061;\"",
    "SELECT \"a;\"\"b\" FROM \"c\\\"", "DO $$ BEGIN PERFORM 1; END $$", "DO $a$ ; $$ ; $b$ ; $a$", "DO $_1ж$ '; $_1ж$",
    "SELECT a$b, c$$d, $1 FROM e$f$g", "/* x */ SELECT /* ; /* ';' */ \" */ 1", "SELECT 1 -- ; ' \" $$ /*\n, 2",
    "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT (2); SELECT ')')",
    "CREATE FUNCTION f(a int) RETURNS int BEGIN ATOMIC SELECT CASE a WHEN 1 THEN 2 ELSE (CASE WHEN true THEN 3 END) END; END",
    "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (';'); DELETE FROM t; END",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF true THEN RETURN CASE WHEN true THEN 1 END; END IF; END; $$",
    "CREATE TABLE \"ж😀\" (id int DEFAULT (1 + (2)), begin text, caſe text)", "(SELECT 1) UNION (SELECT 2)",
    "SELECT 'e\u{301}👩‍👩‍👧‍👦'",
  ]

  private static let gaps = [
    "", " ", "\n", "\r\n\t", ";", ";;", "-- ; '\n", "-- $$ \"\n", "/* ; ' $$ */", "/* /* ; */ \" -- */", "\n\n  ",
  ]

  @Test(arguments: 0..<200)
  func `every statement stays whole and in place, whatever stands beside it`(seed: Int) {
    var chance = Chance(seed: UInt64(seed))
    var text = ""
    var expected: [(text: String, offset: Int)] = []
    for _ in 0..<Int.random(in: 1...30, using: &chance) {
      for _ in 0..<Int.random(in: 0...3, using: &chance) { text += Self.gaps.randomElement(using: &chance)! }
      let piece = Self.pieces.randomElement(using: &chance)!
      // A comment in front of a statement is not part of it.
      let comment = piece.hasPrefix("/* x */ ") ? "/* x */ " : ""
      text += comment
      expected.append((String(piece.dropFirst(comment.count)), text.unicodeScalars.count))
      text += piece.dropFirst(comment.count) + ";"
    }
    if Bool.random(using: &chance) { text.unicodeScalars.removeLast() }

    let found = SQLScript(text).statements
    #expect(found.map(\.text) == expected.map(\.text))
    #expect(found.map(\.offset) == expected.map(\.offset))
    for (statement, place) in zip(found, found.map { SQLScript(text).location(offset: $0.offset) }) {
      let lines = text.unicodeScalars.prefix(statement.offset).split(separator: "\n", omittingEmptySubsequences: false)
      #expect(place.line == lines.count)
      #expect(place.column == lines.last!.count + 1)
    }
  }

  @Test(arguments: 0..<200)
  func `no text crashes it, and it loses only comments and semicolons`(seed: Int) {
    var chance = Chance(seed: UInt64(seed) &+ 1_000_000)
    let alphabet = Array("'\"$$;();;--/**/\\\nEe ab1Жж😀\u{301}".unicodeScalars)
    var view = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...80, using: &chance) { view.append(alphabet.randomElement(using: &chance)!) }
    let scalars = Array(view)
    var end = 0
    for statement in SQLScript(String(view)).statements {
      #expect(statement.offset >= end)
      #expect(scalars[statement.offset...].starts(with: statement.text.unicodeScalars))
      end = statement.offset + statement.text.unicodeScalars.count
    }
    #expect(end <= scalars.count)
  }
}

/// SplitMix64: the same seed, the same file.
private struct Chance: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
