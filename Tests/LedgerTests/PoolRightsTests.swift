import FoundationEssentials
import Postgres
import Support
import Testing

/// The complete list of the rights of each pool's role.
@Suite(.tiers(.database, .security))
struct PoolRightsTests {
  static let pools = [TestCluster.app, TestCluster.auth, TestCluster.ops]

  /// A row names the table; for rights on some columns only, the columns follow it.
  static let tables: [String: [String]] = [
    TestCluster.app: [
      "accounts SELECT", "assets SELECT", "audit SELECT", "catalogue SELECT", "classifiers SELECT",
      "coin_totals SELECT",
      "end_of_day_balances SELECT", "grant_shares SELECT", "grants SELECT", "identities SELECT",
      "item_collections DELETE INSERT SELECT",
      "item_images DELETE INSERT SELECT",
      "item_images UPDATE (path)", "item_quality_levels DELETE INSERT SELECT", "items INSERT SELECT",
      "items UPDATE (class_id, description, hand_over, is_active, limit_per_person, low_stock_at, name, price, "
        + "retired_at, type_id, updated_at)",
      "operations SELECT", "order_lines SELECT", "orders SELECT", "postings SELECT", "purchase_totals SELECT",
      "purses SELECT",
      "refresh_tokens DELETE INSERT SELECT UPDATE", "reservations SELECT", "revocations INSERT SELECT UPDATE",
      "rollup SELECT",
      "schema_migrations SELECT", "sessions SELECT UPDATE", "statements SELECT", "transfer_totals SELECT",
      "users SELECT (created_at, deleted_at, email, full_name, generation, id, is_active, role, searched, updated_at, "
        + "username)",
    ],
    TestCluster.auth: [
      "identities SELECT", "invitations SELECT", "known_networks DELETE INSERT SELECT UPDATE",
      "login_failures DELETE INSERT SELECT UPDATE", "password_resets SELECT", "recovery_codes DELETE INSERT SELECT",
      "refresh_tokens DELETE INSERT SELECT UPDATE", "revocations INSERT SELECT UPDATE", "schema_migrations SELECT",
      "second_factors DELETE INSERT SELECT UPDATE", "sessions INSERT SELECT UPDATE", "spent_proofs INSERT SELECT",
      "users SELECT",
      "users UPDATE (password_hash)",
    ],
    TestCluster.ops: [
      "known_networks DELETE SELECT", "login_failures DELETE SELECT", "refresh_tokens DELETE SELECT",
      "revocations DELETE SELECT",
      "schema_migrations SELECT", "sessions DELETE SELECT", "spent_proofs DELETE SELECT",
    ],
  ]

  static let functions: [String: [String]] = [
    TestCluster.app: [
      "add_classifier_by_admin", "add_items_by_service", "adjust_by_admin", "balance_at", "cancel_own_order",
      "change_order_by_staff", "coins_after", "consume_reserve",
      "daily_inventory",
      "digest_of", "expire_reservation", "find_people", "give_batch", "greatest_holding", "info", "inventory",
      "make_grant", "mint",
      "next_generation",
      "note_change",
      "operations_after", "posting_before", "provision_person", "purchase", "purchases_after", "recipients_of",
      "reserve",
      "return_reserve", "schema_version", "set_stock_by_admin", "set_variants_by_admin", "sink", "stock_of", "till",
      "transfer",
      "transfers_after", "undo_transfer", "variant",
    ],
    TestCluster.auth: [
      "change_person", "end_invitation", "invite", "link_identity", "next_generation", "note_change", "offer_reset",
      "provision_person", "refresh_person", "register_invited", "register_people", "register_person", "remove_person",
      "rename_oneself", "schema_version", "still_admits", "take_reset", "unlink_identity",
    ],
    TestCluster.ops: ["expire_reservation", "give_batch", "roll_up", "schema_version"],
  ]

  @Test(arguments: pools)
  func `a pool has the rights that are listed here and no others`(role: String) throws {
    try withDatabase { connection in
      let tables = try connection.rows(
        """
        SELECT c.relname || ' ' || string_agg(acl.privilege_type, ' ' ORDER BY acl.privilege_type)
        FROM pg_class c, aclexplode(c.relacl) acl
        WHERE c.relnamespace = 'public'::regnamespace AND (acl.grantee = 0 OR acl.grantee = \(role)::regrole) GROUP BY c.relname
        UNION ALL
        SELECT c.relname || ' ' || acl.privilege_type || ' (' || string_agg(a.attname, ', ' ORDER BY a.attname) || ')'
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) acl
        WHERE c.relnamespace = 'public'::regnamespace AND (acl.grantee = 0 OR acl.grantee = \(role)::regrole)
        GROUP BY c.relname, acl.privilege_type ORDER BY 1
        """
      ) { try $0.value(0, as: String.self) }
      #expect(tables == Self.tables[role])
      let functions = try connection.rows(
        """
        SELECT p.proname::text FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND has_function_privilege('\(raw: role)', p.oid, 'EXECUTE')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') ORDER BY 1
        """
      ) { try $0.value(0, as: String.self) }
      #expect(functions == Self.functions[role])
    }
  }

  static let forbidden: [(role: String, statement: String)] = [
    (TestCluster.app, "SELECT password_hash FROM users"), (TestCluster.app, "SELECT * FROM users"),
    (TestCluster.app, "SELECT u FROM users u"), (TestCluster.app, "SELECT to_jsonb(u) FROM users u"),
    (TestCluster.app, "SELECT id FROM users ORDER BY password_hash"),
    (TestCluster.app, "SELECT FROM users WHERE password_hash LIKE '$argon%'"), (TestCluster.app, "TABLE users"),
    (TestCluster.app, "COPY users TO STDOUT"),
    (TestCluster.app, "UPDATE users SET password_hash = 'x'"), (TestCluster.app, "UPDATE users SET role = 'admin'"),
    (TestCluster.app, "UPDATE users SET is_active = true"), (TestCluster.app, "UPDATE users SET generation = 0"),
    (TestCluster.app, "INSERT INTO users (id, username) VALUES (gen_random_uuid(), 'x')"),
    (TestCluster.app, "DELETE FROM users"), (TestCluster.app, "SELECT FROM login_failures"),
    (TestCluster.app, "SELECT FROM second_factors"), (TestCluster.app, "SELECT FROM recovery_codes"),
    (TestCluster.app, "DELETE FROM second_factors"), (TestCluster.ops, "SELECT FROM second_factors"),
    (TestCluster.ops, "DELETE FROM recovery_codes"),
    (TestCluster.app, "INSERT INTO audit (actor, action, subject_id) VALUES ('x', 'x', 'x')"),
    (TestCluster.app, "SELECT welcome_coins FROM settings"), (TestCluster.app, "UPDATE settings SET welcome_coins = 9"),
    (
      TestCluster.app, "SELECT grant_coins(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), NULL, NULL, 1, 'x')"
    ),
    (TestCluster.app, "SELECT welcome(gen_random_uuid(), gen_random_uuid())"),
    (TestCluster.app, "SELECT set_stock(gen_random_uuid(), NULL, NULL, gen_random_uuid(), NULL, NULL, 1, NULL)"),
    (
      TestCluster.app,
      "SELECT adjust(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), NULL, NULL, 'main', '[]', 'x')"
    ),
    (
      TestCluster.app,
      "SELECT add_items(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), NULL, NULL, 'x', 'main', '[]', 'x')"
    ),
    (
      TestCluster.app,
      "SELECT change_person(gen_random_uuid(), gen_random_uuid(), NULL, NULL, NULL, 'admin', NULL, NULL)"
    ),
    (
      TestCluster.app,
      "SELECT register_person(NULL, gen_random_uuid(), 'x', NULL, NULL, 'hash', 'user', true, gen_random_uuid())"
    ),
    (TestCluster.app, "SELECT register_people(NULL, '[]')"),
    (TestCluster.app, "SELECT rename_oneself(gen_random_uuid(), 'x')"),
    (TestCluster.app, "INSERT INTO identities VALUES ('a', 'b', gen_random_uuid(), 1)"),
    (TestCluster.app, "SELECT link_identity(gen_random_uuid(), gen_random_uuid(), 'a', 'b')"),
    (TestCluster.app, "INSERT INTO classifiers (id, classifier, code) VALUES (gen_random_uuid(), 'collection', 'x')"),
    (TestCluster.app, "SELECT FROM name_turns"), (TestCluster.auth, "SELECT FROM find_people('a', 8)"),
    (TestCluster.app, "SELECT FROM invitations"), (TestCluster.app, "SELECT FROM password_resets"),
    (TestCluster.app, "SELECT take_reset('x', 'hash')"), (TestCluster.app, "SELECT FROM second_factors"),
    (TestCluster.app, "INSERT INTO grant_shares (grant_id, owner, amount) VALUES (1, gen_random_uuid(), 1)"),
    (TestCluster.app, "UPDATE grants SET amount = 9"), (TestCluster.app, "SELECT extend_grant(1, false)"),
    (TestCluster.app, "SET ROLE tuckshop_auth"), (TestCluster.app, "SET ROLE tuckshop_owner"),
    (TestCluster.app, "SET SESSION AUTHORIZATION tuckshop_owner"),
    (TestCluster.app, "ALTER ROLE tuckshop_app SUPERUSER"),
    (TestCluster.auth, "UPDATE users SET role = 'admin'"), (TestCluster.auth, "UPDATE users SET is_active = true"),
    (TestCluster.auth, "INSERT INTO identities VALUES ('a', 'b', gen_random_uuid(), 1)"),
    (TestCluster.auth, "UPDATE invitations SET role = 'admin'"), (TestCluster.auth, "DELETE FROM spent_proofs"),
    (TestCluster.auth, "UPDATE users SET username = 'x'"), (TestCluster.auth, "DELETE FROM users"),
    (TestCluster.auth, "INSERT INTO users (id, username) VALUES (gen_random_uuid(), 'x')"),
    (TestCluster.auth, "INSERT INTO audit (actor, action, subject_id) VALUES ('x', 'x', 'x')"),
    (TestCluster.auth, "SELECT FROM audit"), (TestCluster.auth, "SELECT FROM operations"),
    (TestCluster.auth, "SELECT FROM accounts"),
    (TestCluster.auth, "SELECT transfer(NULL, NULL, NULL, NULL, 'x', 1, NULL)"),
    (TestCluster.auth, "SELECT grant_coins(NULL, NULL, NULL, NULL, NULL, 1, 'x')"),
    (TestCluster.auth, "UPDATE settings SET welcome_coins = 9"), (TestCluster.auth, "SELECT FROM items"),
    (TestCluster.ops, "SELECT id FROM users"), (TestCluster.ops, "UPDATE refresh_tokens SET used_at = NULL"),
    (TestCluster.ops, "SELECT FROM operations"), (TestCluster.ops, "UPDATE sessions SET ended_at = NULL"),
    (TestCluster.ops, "INSERT INTO revocations (id, expires_at) VALUES (gen_random_uuid(), now())"),
    (TestCluster.ops, "SELECT note_change(NULL, 'x', 'x', NULL, NULL, NULL, NULL)"),
    (TestCluster.ops, "SELECT make_grant(NULL, NULL, 'x', 'x', NULL, '{1}', false)"),
    (TestCluster.ops, "SELECT FROM grants"), (TestCluster.auth, "SELECT give_batch(NULL, gen_random_uuid(), 1)"),
    (TestCluster.ops, "SELECT FROM audit"),
    (TestCluster.ops, "SELECT purchase(NULL, NULL, NULL, NULL, 'cup', 1, NULL, NULL)"),
  ]

  @Test(arguments: pools)
  func `a call outside the pool's task is refused for every actor`(role: String) throws {
    try withDatabase(user: role) { connection in
      for (_, statement) in Self.forbidden.filter({ $0.role == role }) {
        let state = try connection.sqlstate(of: statement)
        #expect(state == "42501", "\(statement)")
      }
    }
  }
}

extension Connection {
  /// The SQLSTATE of a failed statement; "none" if it succeeds, and then its effects stay.
  func sqlstate(of statement: String) throws -> String {
    do {
      try transaction { try $0.perform(statement) }
      return "none"
    } catch let error as PostgresError {
      return error.sqlstate
    }
  }
}
