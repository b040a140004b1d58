import API
import FoundationEssentials
import Identity
import Ledger
import Postgres
import Shop
import Support
import Testing

/// The background work of the pool ops.
@Suite(.tiers(.api, .database))
struct HousekeepingTests {
  @Test func `one round clears the whole backlog, of every kind`() throws {
    try withShop { shop in
      let anna = try shop.person("anna")
      try shop.owner.run(
        """
        INSERT INTO sessions (id, user_id, expires_at, access_ends_at)
        SELECT md5('s' || n)::uuid, \(anna.id), now() - interval '2 hours', now() - interval '3 hours'
        FROM generate_series(1, 5000) n
        """)
      try shop.owner.perform(
        """
        INSERT INTO refresh_tokens (digest, session_id)
        SELECT convert_to('t' || n, 'UTF8'), md5('s' || n)::uuid FROM generate_series(1, 5000) n;
        INSERT INTO revocations (id, user_id, expires_at)
        SELECT gen_random_uuid(), gen_random_uuid(), now() - interval '1 hour' FROM generate_series(1, 5000);
        INSERT INTO login_failures SELECT 'f' || n, 1, now() - interval '2 hours', now() FROM generate_series(1, 5000) n;
        """)
      try shop.worker.tidyUp()
      for table in ["sessions", "refresh_tokens", "revocations", "login_failures"] {
        #expect(try shop.count(table) == 0, "\(table)")
      }
    }
  }

  @Test func `operations older than half a minute are in the totals after a round or two`() throws {
    try withShop { shop in
      let anna = try shop.person("anna")
      let id = UUID(uuidString: "01900000-0000-7000-8000-000000000000")!
      _ = try Grant(amount: 70, reason: "luck").make(
        Intent(id: id, owner: anna.id, key: nil, requestID: nil), on: shop.owner)
      try eventually("they are taken") {
        try shop.worker.tidyUp()
        return try shop.owner.value("SELECT coalesce(max(outstanding), 0) = 70 FROM coin_totals")
      }
    }
  }
}
