internal import Migrations
internal import Support
internal import Testing

@Suite(.tiers(.unit))
struct SQLScriptTests {
  @Test(arguments: [
    ("", []), ("  \n\t ", []), (";", []), (";; ;\n;", []), ("-- only; a comment", []), ("/* ; /* ; */ ; */", []),
    ("SELECT 1", ["SELECT 1"]), ("SELECT 1;", ["SELECT 1"]), ("SELECT 1;SELECT 2", ["SELECT 1", "SELECT 2"]),
    ("SELECT 1;;SELECT 2;;", ["SELECT 1", "SELECT 2"]), (" SELECT 1; -- done; really", ["SELECT 1"]),
    ("SELECT 1 -- ;\n, 2", ["SELECT 1 -- ;\n, 2"]), ("SELECT /* ; */ 1; SELECT 2", ["SELECT /* ; */ 1", "SELECT 2"]),
    ("SELECT /* a /* b; */ c; */ 1; SELECT 2", ["SELECT /* a /* b; */ c; */ 1", "SELECT 2"]),
    ("SELECT /* never closed; SELECT 2", ["SELECT /* never closed; SELECT 2"]),
    ("(SELECT 1); SELECT 2", ["(SELECT 1)", "SELECT 2"]), ("SELECT 1 - -2; SELECT 2", ["SELECT 1 - -2", "SELECT 2"]),
  ])
  func `comments and empty statements are skipped`(text: String, statements: [String]) { check(text, statements) }

  @Test(arguments: [
    ("SELECT ';'; SELECT 2", ["SELECT ';'", "SELECT 2"]),
    ("SELECT 'it''s;'; SELECT 2", ["SELECT 'it''s;'", "SELECT 2"]),
    ("SELECT ''; SELECT 2", ["SELECT ''", "SELECT 2"]), ("SELECT '--'; SELECT 2", ["SELECT '--'", "SELECT 2"]),
    ("SELECT '\\'; SELECT 2", ["SELECT '\\'", "SELECT 2"]),
    ("SELECT '/*'; SELECT 2 */", ["SELECT '/*'", "SELECT 2 */"]),
    ("SELECT E'\\';'; SELECT 2", ["SELECT E'\\';'", "SELECT 2"]),
    ("SELECT e'\\\\'; SELECT 2", ["SELECT e'\\\\'", "SELECT 2"]),
    ("SELECT E'a'';\\''; SELECT 2", ["SELECT E'a'';\\''", "SELECT 2"]),
    ("SELECT fe'\\'; SELECT 2", ["SELECT fe'\\'", "SELECT 2"]),
    ("SELECT U&'\\'; SELECT 2", ["SELECT U&'\\'", "SELECT 2"]),
    ("SELECT B'1', X'F', N';'; SELECT 2", ["SELECT B'1', X'F', N';'", "SELECT 2"]),
    ("SELECT 1 AS \"a;b\"; SELECT 2", ["SELECT 1 AS \"a;b\"", "SELECT 2"]),
    ("SELECT 1 AS \"a\"\";\"; SELECT 2", ["SELECT 1 AS \"a\"\";\"", "SELECT 2"]),
    ("SELECT 1 AS \"a\\\"; SELECT 2", ["SELECT 1 AS \"a\\\"", "SELECT 2"]),
    ("SELECT 'open; SELECT 2", ["SELECT 'open; SELECT 2"]),
    ("SELECT 'a'\n'\\'; SELECT 2", ["SELECT 'a'\n'\\'", "SELECT 2"]),
  ])
  func `a semicolon in quotes ends no statement`(text: String, statements: [String]) { check(text, statements) }

  @Test func `a literal that continues on the next line keeps its escapes`() {
    check("SELECT E'a'\n'\\';b'; SELECT 2", ["SELECT E'a'\n'\\';b'", "SELECT 2"])
  }

  @Test(arguments: [
    ("DO $$ a; b $$; SELECT 2", ["DO $$ a; b $$", "SELECT 2"]),
    ("DO $x$ a; $$ ; $y$ $x$; SELECT 2", ["DO $x$ a; $$ ; $y$ $x$", "SELECT 2"]),
    ("DO $x$ $x ; $x$; SELECT 2", ["DO $x$ $x ; $x$", "SELECT 2"]),
    ("DO $ж1$ ; $ж1$; SELECT 2", ["DO $ж1$ ; $ж1$", "SELECT 2"]),
    ("DO $a$ ;$b$a$; SELECT 2", ["DO $a$ ;$b$a$", "SELECT 2"]), ("DO $$ '; $$; SELECT 2", ["DO $$ '; $$", "SELECT 2"]),
    ("SELECT a$b$; SELECT $b$", ["SELECT a$b$", "SELECT $b$"]), ("SELECT a$$; SELECT 2", ["SELECT a$$", "SELECT 2"]),
    ("SELECT $1; SELECT $2", ["SELECT $1", "SELECT $2"]), ("SELECT $1$; SELECT 2", ["SELECT $1$", "SELECT 2"]),
    ("SELECT $$ open; SELECT 2", ["SELECT $$ open; SELECT 2"]), ("SELECT $", ["SELECT $"]),
    ("$$lonely;$$; SELECT 2", ["$$lonely;$$", "SELECT 2"]),
  ])
  func `a semicolon in dollar quotes ends no statement`(text: String, statements: [String]) { check(text, statements) }

  @Test(arguments: [
    (
      "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2); SELECT 3",
      ["CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)", "SELECT 3"]
    ),
    (
      "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 3",
      ["CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END", "SELECT 3"]
    ),
    (
      "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC SELECT CASE WHEN true THEN CASE 1 WHEN 1 THEN 2 END END; END; SELECT 3",
      [
        "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC SELECT CASE WHEN true THEN CASE 1 WHEN 1 THEN 2 END END; END",
        "SELECT 3",
      ]
    ),
    (
      "create function f() returns int begin atomic select (case when 1=1 then 2 end); select 'end;'; end; SELECT 3",
      [
        "create function f() returns int begin atomic select (case when 1=1 then 2 end); select 'end;'; end",
        "SELECT 3",
      ]
    ),
    (
      "CREATE FUNCTION f() RETURNS int RETURN CASE WHEN true THEN 1 END; SELECT 3",
      ["CREATE FUNCTION f() RETURNS int RETURN CASE WHEN true THEN 1 END", "SELECT 3"]
    ),
    (
      "CREATE FUNCTION f(begin int, \"end\" int) RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT 3",
      ["CREATE FUNCTION f(begin int, \"end\" int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "SELECT 3"]
    ),
    ("CREATE TABLE t (begin int); SELECT 3", ["CREATE TABLE t (begin int)", "SELECT 3"]),
    ("SELECT CASE WHEN true THEN 1 END; SELECT 3", ["SELECT CASE WHEN true THEN 1 END", "SELECT 3"]),
    ("SELECT ')'; SELECT 3", ["SELECT ')'", "SELECT 3"]), ("SELECT 1); SELECT 3", ["SELECT 1)", "SELECT 3"]),
  ])
  func `a semicolon within a body ends no statement`(text: String, statements: [String]) { check(text, statements) }

  @Test(arguments: [
    ("select 1", "SELECT"), ("  /* a */ -- b\nCommit;", "COMMIT"), ("(SELECT 1)", "("), ("\"begin\" x", "'"),
    ("E'x'", "E"), ("BEGIN;", "BEGIN"),
  ])
  func `the first word is returned in capitals`(text: String, word: String) {
    #expect(SQLScript(text).statements.map(\.firstWord) == [word])
  }

  @Test func `a place is a line and a column, both from one, in Unicode scalars`() {
    let script = SQLScript("ab\r\n\ne\u{301}😀x")
    let places = [0, 1, 4, 5, 7, 8, 100].map { script.location(offset: $0) }
    #expect(places.map(\.line) == [1, 1, 2, 3, 3, 3, 3])
    #expect(places.map(\.column) == [1, 2, 1, 1, 3, 4, 5])
  }

  private func check(_ text: String, _ expected: [String]) {
    let statements = SQLScript(text).statements
    #expect(statements.map(\.text) == expected)
    let scalars = Array(text.unicodeScalars)
    for statement in statements {
      #expect(scalars[statement.offset...].starts(with: statement.text.unicodeScalars))
    }
  }
}
