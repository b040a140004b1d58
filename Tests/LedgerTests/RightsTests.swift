import FoundationEssentials
import Ledger
import Postgres
import Support
import Testing

/// Limits of the workers' role, whatever statement an attacker might smuggle in.
@Suite(.tiers(.database, .security))
struct RightsTests {
  static let tables = ["operations", "postings", "accounts", "assets"]
  static let changes = [
    "INSERT INTO %s DEFAULT VALUES", "UPDATE %s SET %c = %c", "DELETE FROM %s", "TRUNCATE %s",
    "ALTER TABLE %s DISABLE TRIGGER ALL", "DROP TABLE %s", "LOCK TABLE %s IN SHARE MODE",
    "CREATE TRIGGER t BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION refuse_change()",
  ]

  @Test(arguments: tables, changes)
  func `the workers' role changes no table of the ledger`(table: String, change: String) throws {
    // A real column of each table, so that only the missing right can fail.
    let column = table == "accounts" || table == "postings" ? "asset" : "item_id"
    let text = change.replacing("%s", with: table).replacing("%c", with: column)
    try withDatabase(user: TestCluster.app) { connection in
      try expectRefusal("42501", of: text, connection)
    }
  }

  /// Only the owner could, and a trigger prevents an accident.
  @Test(arguments: ["operations", "postings"], [TestCluster.owner, TestCluster.superuser])
  func `written rows cannot be changed, even by roles with the right to`(table: String, user: String) throws {
    // In a database of its own: TRUNCATE locks the table, and other tests lock both tables in either order.
    try withFreshDatabase { name in
      let connection = try TestCluster.connection(user: user, database: name)
      _ = try connection.person("anna", coins: 10)
      for change in ["UPDATE \(table) SET at = at", "DELETE FROM \(table)", "TRUNCATE \(table)"] {
        try expectRefusal("23001", of: change, connection)
      }
      // A statement that would touch no row is refused as well: its intent is wrong.
      try expectRefusal("23001", of: "DELETE FROM \(table) WHERE false", connection)
    }
  }

  @Test func `no role has rights in the ledger beyond this list`() throws {
    try withDatabase { connection in
      let rights = try connection.rows(
        """
        SELECT DISTINCT c.relname || ' ' || coalesce(g.rolname, 'everybody') || ' ' || acl.privilege_type
        FROM pg_class c, aclexplode(c.relacl) acl LEFT JOIN pg_roles g ON g.oid = acl.grantee
        WHERE c.relname IN ('assets', 'accounts', 'operations', 'postings', 'statements', 'end_of_day_balances')
          AND acl.grantee <> c.relowner ORDER BY 1
        """
      ) { try $0.value(0, as: String.self) }
      #expect(
        rights == [
          "accounts tuckshop_app SELECT", "assets tuckshop_app SELECT", "end_of_day_balances tuckshop_app SELECT",
          "operations tuckshop_app SELECT", "postings tuckshop_app SELECT", "statements tuckshop_app SELECT",
        ])
      let columns: Int = try connection.value(
        """
        SELECT count(*) FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid IN
          ('assets'::regclass, 'accounts'::regclass, 'operations'::regclass, 'postings'::regclass)
        """)
      #expect(columns == 0)
    }
  }

  /// An account is an id: a function with an account as parameter could be given somebody else's.
  @Test func `no function of the workers takes an account to write to`() throws {
    try withDatabase { connection in
      let functions = try connection.rows(
        """
        SELECT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.provolatile = 'v' AND p.prosecdef
          AND has_function_privilege('\(raw: TestCluster.app)', p.oid, 'EXECUTE')
        """
      ) { try $0.value(0, as: String.self) }
      #expect(!functions.isEmpty)
      for function in functions { #expect(!function.contains("account"), "\(function)") }
    }
  }

  @Test func `the workers cannot call the internal functions`() throws {
    try withDatabase(user: TestCluster.app) { connection in
      for call in [
        "SELECT open_accounts(gen_random_uuid(), 'main', ARRAY[1::bigint])",
        "SELECT * FROM lock_purse(gen_random_uuid())",
        "SELECT * FROM earlier_answer(gen_random_uuid(), 'grant', gen_random_uuid(), '')",
      ] {
        try expectRefusal("42501", of: call, connection)
      }
    }
  }

  @Test func `every function that runs as the owner has a fixed search path, with temporary objects last`() throws {
    try withDatabase { connection in
      let loose = try connection.rows(
        """
        SELECT p.proname::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
          AND NOT coalesce('search_path=pg_catalog, public, pg_temp' = ANY (p.proconfig), false)
        """
      ) { try $0.value(0, as: String.self) }
      #expect(loose.isEmpty)
    }
  }

  /// In a cloned database every role may make temporary objects, which is more than the shop itself allows.
  @Test func `temporary tables and functions of the workers shadow nothing`() throws {
    try withFreshDatabase { name in
      let (anna, boris) = try TestCluster.connection(database: name).pair()
      let app = try TestCluster.connection(user: TestCluster.app, database: name)
      for statement in [
        "CREATE TEMP TABLE users (id uuid, username text, deleted_at timestamptz)",
        "INSERT INTO pg_temp.users VALUES ('\(anna.text)', 'boris')",
        "CREATE TEMP TABLE accounts (id bigint, owner uuid, asset bigint, section text, balance bigint,"
          + " version bigint, moved_at timestamptz)",
        "INSERT INTO pg_temp.accounts VALUES (1, '\(anna.text)', 1, 'main', 1000000, 0, '-infinity')",
        "CREATE TEMP TABLE operations (LIKE public.operations)",
        "CREATE TEMP TABLE postings (LIKE public.postings)",
        "CREATE FUNCTION pg_temp.mint() RETURNS bigint LANGUAGE sql RETURN 1000",
        "CREATE FUNCTION pg_temp.greatest(timestamptz, timestamptz) RETURNS timestamptz LANGUAGE sql RETURN $1",
        "CREATE FUNCTION pg_temp.digest_of(VARIADIC text[]) RETURNS bytea LANGUAGE sql RETURN ''::bytea",
        "CREATE FUNCTION pg_temp.clock_timestamp() RETURNS timestamptz LANGUAGE sql RETURN timestamptz 'infinity'",
        "CREATE FUNCTION pg_temp.less(bigint, bigint) RETURNS boolean LANGUAGE sql RETURN false",
        "CREATE OPERATOR pg_temp.< (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = pg_temp.less)",
        "SET search_path = pg_temp, public, pg_catalog",
      ] { try app.perform(statement) }
      let sent = try outcome { try Transfer(to: "boris", amount: 10).make(Intent(of: anna, key: 1), on: app) }
      let over = try outcome { try Transfer(to: "boris", amount: 500).make(Intent(of: anna, key: 2), on: app) }
      #expect(sent == "done")
      #expect(over == "insufficientFunds(available: 90, required: 500)")
      let inTemporary: Int = try app.value(
        "SELECT (SELECT count(*) FROM pg_temp.operations) + (SELECT count(*) FROM pg_temp.postings)")
      let owner = try TestCluster.connection(database: name)
      let coins = [try owner.coins(anna), try owner.coins(boris)]
      #expect(inTemporary == 0)
      #expect(coins == [90, 10])
      try expectBalance(owner)
    }
  }

  @Test func `the workers' role creates nothing in the schema public`() throws {
    try withDatabase(user: TestCluster.app) { connection in
      try expectRefusal("42501", of: "CREATE FUNCTION public.mint() RETURNS int LANGUAGE sql RETURN 1", connection)
      try expectRefusal("42501", of: "CREATE TABLE public.x ()", connection)
      try expectRefusal("42501", of: "CREATE TEMP TABLE x ()", connection)
      try expectRefusal("42501", of: "CREATE SCHEMA x", connection)
      try expectRefusal("42501", of: "SET session_replication_role = replica", connection)
    }
  }

  private func expectRefusal(
    _ sqlstate: String, of text: String, _ connection: borrowing Connection, at place: SourceLocation = #_sourceLocation
  ) throws {
    var found = "none"
    do {
      try connection.transaction { try $0.perform(text) }
    } catch let error as PostgresError {
      found = error.sqlstate
    }
    #expect(found == sqlstate, "\(text)", sourceLocation: place)
  }
}

extension Connection {
  fileprivate func pair() throws -> (UUID, UUID) { (try person("anna", coins: 100), try person("boris")) }
}
