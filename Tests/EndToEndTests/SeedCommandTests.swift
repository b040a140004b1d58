import Postgres
import Support
import Testing

/// `tuckshop seed …`, run as a process against a database of its own.
@Suite(.tiers(.e2e, .database))
struct SeedCommandTests {
  @Test func `users for measurements have a history that the ledger could have written`() throws {
    try withDesk(as: TestCluster.owner) { desk in
      let secret = try desk.file("password", "correct horse\n")
      let seeded = try desk.run("seed", "--load", "25", "--password-file", secret)
      #expect(seeded.status == 0)
      #expect(seeded.log == "25 people came in\n")
      #expect(try desk.count("users WHERE username ~ '^load0000[0-9]{2}$' AND password_hash LIKE '$argon2id$%'") == 25)
      #expect(try desk.count("(SELECT DISTINCT password_hash FROM users) x") == 1)
      #expect(try desk.count("operations WHERE kind = 'transfer'") == 125)
      #expect(try desk.count("operations WHERE kind = 'purchase'") == 50)
      #expect(try desk.count(Self.brokenChains) == 0)
      #expect(try desk.count(Self.wrongAccounts) == 0)
      #expect(try desk.count(Self.wrongOperations) == 0)
      #expect(try desk.count("(SELECT id FROM operations GROUP BY id HAVING count(*) > 1) x") == 0)
    }
  }

  @Test func `the shop continues where the seed ends`() throws {
    try withDesk(as: TestCluster.owner) { desk in
      #expect(try desk.run("seed", "--load", "10").status == 0)
      let connection = try TestCluster.connection(database: desk.database)
      let first = "10ad0000-0000-8000-8000-000000000001"
      for call in [
        "transfer(gen_random_uuid(), $$\(first)$$, NULL, NULL, 'load000002', 1, NULL)",
        "purchase(gen_random_uuid(), $$\(first)$$, NULL, NULL, 'pen', 1, NULL, NULL)",
      ] {
        let outcome: String = try connection.value("SELECT outcome FROM \(raw: call)")
        #expect(outcome == "done")
      }
      // A user is welcomed once.
      let isReplay: Bool = try connection.value(
        """
        SELECT replayed FROM grant_coins(gen_random_uuid(), \(first)::uuid,
          (SELECT key FROM operations WHERE kind = 'grant' LIMIT 1), NULL, NULL, 1000, 'welcome')
        """)
      #expect(isReplay)
      #expect(try desk.run("user", "add", "anna").status == 0)
      #expect(try desk.count(Self.brokenChains) == 0)
      #expect(try desk.count(Self.wrongAccounts) == 0)
    }
  }

  @Test func `the seed runs once, and beside other users only when forced`() throws {
    try withDesk(as: TestCluster.owner) { desk in
      #expect(try desk.run("user", "add", "anna").status == 0)
      let refused = try desk.run("seed", "--load", "10")
      #expect(refused.status == 1)
      #expect(refused.log.contains("--force"))
      #expect(try desk.count("users") == 1)
      #expect(try desk.run("seed", "--load", "10", "--force").status == 0)
      for again in [try desk.run("seed", "--load", "10"), try desk.run("seed", "--load", "20", "--force")] {
        #expect(again.status == 1)
        #expect(again.log.contains("here already"))
      }
      #expect(try desk.count("users") == 11)
      #expect(try desk.count("users WHERE password_hash IS NOT NULL") == 0)
    }
  }

  @Test func `an invalid call changes nothing`() throws {
    try withDesk(as: TestCluster.owner) { desk in
      var results = try ["9", "0", "-1", "ten", "5000001"].map { try desk.run("seed", "--load", $0) }
      results.append(try desk.run("seed"))
      results.append(try desk.run("seed", "--demo", "--load", "10"))
      results.append(try desk.run("seed", "--demo", "--force"))
      #expect(results.map(\.status) == Array(repeating: 64, count: 8))
      #expect(try desk.count("users") == 0)
    }
  }

  @Test func `the demo is created once, and later changes to it stay`() throws {
    try withDesk(as: TestCluster.owner) { desk in
      #expect(try desk.run("user", "add", "demo").status == 0)
      let news = "9 items of the demo are new, 3 come in sizes now, 6 people came in\n"
      #expect(try desk.run("seed", "--demo").log == news)
      let item = "item_id = '550e8400-e29b-41d4-a716-446655440002'"
      #expect(try desk.count("item_collections WHERE \(item)") == 4)
      #expect(try desk.count("item_quality_levels WHERE \(item)") == 7)
      #expect(try desk.count("(SELECT DISTINCT class FROM catalogue) x") == 8)
      #expect(try desk.count("users WHERE id = '550e8400-e29b-41d4-a716-446655440000' AND username = id::text") == 1)
      let owner = try TestCluster.connection(database: desk.database)
      try owner.run("DELETE FROM item_collections WHERE item_id = '550e8400-e29b-41d4-a716-446655440002'")
      try owner.run("UPDATE items SET name = 'Pebble' WHERE id = '550e8400-e29b-41d4-a716-446655440002'")
      #expect(try desk.run("seed", "--demo").log == "the demo is there already\n")
      #expect(try desk.count("item_collections WHERE \(item)") == 0)
      #expect(try desk.count("items WHERE name = 'Pebble'") == 1)
      #expect(try desk.count("operations WHERE owner = '550e8400-e29b-41d4-a716-446655440000'") == 1)
    }
  }

  @Test func `the clothes of the demo come in sizes beside the standard variant, unless an admin has changed them`()
    throws
  {
    try withDesk(as: TestCluster.owner) { desk in
      let owner = try TestCluster.connection(database: desk.database)
      let shirt = try desk.file("shirt.csv", "code,collection\nt-shirt,winter_2025\n")
      #expect(try desk.run("item", "import", shirt).status == 0)
      let news = "9 items of the demo are new, 2 come in sizes now, 6 people came in\n"
      #expect(try desk.run("seed", "--demo").log == news)
      let listed = try desk.run("item", "list").log.split(separator: "\n")
      let sizes = "base:unlimited xs:5 s:20 m:40 l:40 xl:20 xxl:10"
      // One of the new people has ordered a hoody.
      let left = "base:unlimited xs:5 s:20 m:40 l:39 xl:20 xxl:10"
      #expect(listed.contains("hoody,Hoody,300,unlimited,\(left),active"))
      #expect(listed.contains("pink-hoody,Pink hoody,500,unlimited,\(sizes),active"))
      #expect(listed.contains("t-shirt,T-shirt,80,unlimited,winter_2025:unlimited,active"))
      // An admin takes the sizes away again.
      #expect(try owner.run("SELECT set_variants(id, '[]') FROM items WHERE code = 'hoody'") == 1)
      #expect(try desk.run("seed", "--demo").log == "the demo is there already\n")
      #expect(try desk.run("item", "list").log.contains("hoody,Hoody,300,unlimited,,active\n"))
    }
  }

  @Test func `the people of the demo have a history that the ledger could have written, and come once`() throws {
    try withDesk(as: TestCluster.owner) { desk in
      let seeded = try desk.run("seed", "--demo")
      #expect(seeded.log.hasSuffix(", 6 people came in\n"))
      #expect(try desk.count(Self.brokenChains) == 0)
      #expect(try desk.count(Self.wrongAccounts) == 0)
      #expect(try desk.run("verify").status == 0)
      let demo = "id::text LIKE 'de300000-0000-8000-8000-0000000001%'"
      #expect(try desk.count("users WHERE \(demo) AND password_hash IS NULL") == 6)
      #expect(try desk.count("orders WHERE status = 'ready'") == 3)
      #expect(try desk.count("orders o JOIN assets a ON a.id = o.asset WHERE a.quality_level_id IS NOT NULL") == 3)
      #expect(try desk.count("operations WHERE at > clock_timestamp()") == 0)
      #expect(try desk.run("user", "deactivate", "mateo").status == 0)
      #expect(try desk.run("seed", "--demo").log == "the demo is there already\n")
      #expect(try desk.count("users WHERE \(demo) AND is_active") == 5)
    }
  }

  @Test func `the people of the demo stay away from a shop that knows one of their names`() throws {
    try withDesk(as: TestCluster.owner) { desk in
      let added = try desk.run("user", "add", "priya")
      #expect(added.status == 0)
      #expect(try desk.run("seed", "--demo").log == "9 items of the demo are new, 3 come in sizes now\n")
      #expect(try desk.count("operations WHERE kind <> 'grant' AND kind <> 'set_stock'") == 0)
    }
  }

  private static let brokenChains = """
    (SELECT version, balance, at, row_number() OVER along AS place, sum(change) OVER along AS sum,
            lag(at) OVER along AS before
     FROM statements WINDOW along AS (PARTITION BY account ORDER BY version)) s
    WHERE version <> place OR balance <> sum OR at <= before
    """

  private static let wrongAccounts = """
    accounts a JOIN LATERAL (
      SELECT s.balance, s.version, s.at, s.asset FROM statements s WHERE s.account = a.id ORDER BY at DESC LIMIT 1) s ON true
    WHERE (a.balance, a.version, a.moved_at, a.asset) IS DISTINCT FROM (s.balance, s.version, s.at, s.asset)
    """

  /// The ledger must recognise a repetition of each of them.
  private static let wrongOperations = """
    operations o LEFT JOIN users u ON u.id = o.counterpart LEFT JOIN items i ON i.id = o.item_id
    WHERE content <> CASE kind WHEN 'transfer' THEN digest_of(u.username, amount::text, note)
      WHEN 'purchase' THEN purchase_content(i.code, quantity, NULL, NULL) ELSE digest_of(amount::text, note) END
      OR (SELECT count(*) FROM postings p WHERE p.operation = o.id AND p.at = o.at)
        <> CASE kind WHEN 'purchase' THEN 2 ELSE 1 END
    """
}
