internal import Migrations
internal import Postgres
internal import Support
internal import Testing

/// The invalid index that a failed CREATE INDEX CONCURRENTLY leaves behind.
@Suite(.tiers(.database))
struct InvalidIndexTests {
  private static let wayOut = """
    the index public.a_id of public.a is invalid: building it failed, or is under way in another session. If it failed, \
    run DROP INDEX CONCURRENTLY public.a_id; and then tuckshop migrate up again
    """

  private static func index(_ words: String) -> Step {
    Step(
      name: "index", up: "-- migrate: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY \(words) ON a (id);",
      down: "-- migrate: no-transaction\nDROP INDEX CONCURRENTLY a_id;")
  }

  @Test func `its failure names the index and the way out, and so does the next migrator`() throws {
    try withEmptyDatabase { name in
      let table = Step(name: "a", up: "CREATE TABLE a (id int); INSERT INTO a VALUES (1), (1);")
      let steps = [table, Self.index("a_id")]
      let first = try migrator(steps, on: name)
      let failure = #expect(throws: MigrationError.self) { try first.up() }
      #expect(failure?.description.hasPrefix("0002_index.up.sql:2:1: could not create unique index") == true)
      #expect(failure?.description.hasSuffix("\n" + Self.wayOut) == true)
      #expect(try Sight(of: name).applied == [1])

      // IF NOT EXISTS would accept the invalid index.
      for steps in [steps, [table, Self.index("IF NOT EXISTS a_id")], [table]] {
        let migrator = try migrator(steps, on: name)
        #expect(throws: MigrationError(Self.wayOut)) { try migrator.up() }
        let named = try migrator.invalidIndexes()
        #expect(named == [Self.wayOut])
        #expect(try Sight(of: name).applied == [1])
      }

      let owner = try TestCluster.connection(database: name)
      try owner.perform("DROP INDEX CONCURRENTLY public.a_id")
      try owner.perform("DELETE FROM a WHERE ctid = (SELECT min(ctid) FROM a)")
      let last = try migrator(steps, on: name)
      let applied = try last.up()
      let left = try last.invalidIndexes()
      #expect(applied == 1 && left.isEmpty)
    }
  }
}
