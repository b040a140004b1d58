import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// Answers and log lines when a newer database uses a word that this worker does not know.
@Suite(.tiers(.api))
struct NewWordTests {
  private func expectOurFault(_ answer: Answer, _ shop: Shop, naming word: String) throws {
    #expect(answer.status == 500)
    #expect(answer["code"] == "internal_error" && answer["request_id"] == "r-1")
    #expect(!answer.text.contains(word))
    let cause = try shop.worker.logged().last { $0["level"] == "error" }?["cause"]?.text
    #expect(cause?.contains(word) == true)
  }

  @Test func `a new outcome of the ledger fails only that request`() throws {
    try withShop { shop in
      let anna = shop.token(try shop.person("anna"))
      try shop.owner.perform(
        """
        DO $do$ BEGIN
          EXECUTE format('CREATE OR REPLACE FUNCTION purchase(%s) LANGUAGE plpgsql AS %L',
            pg_get_function_arguments('purchase'::regproc),
            'BEGIN outcome := ''brand_new_word''; replayed := false; END');
        END $do$
        """)
      var request = Request(.post, "/api/v1/purchases", body: Array(#"{"item":"cup","quantity":1}"#.utf8), id: "r-1")
      request.headers.add("Authorization", "Bearer " + anna)
      request.headers.add("Idempotency-Key", "k")
      try expectOurFault(shop.worker.ask(request), shop, naming: "brand_new_word")
      #expect(shop.worker.me(anna).status == 200)
    }
  }

  @Test func `a new role fails only the requests about users who have it`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let anna = try shop.person("anna")
      try shop.owner.perform(
        """
        ALTER TABLE users DROP CONSTRAINT users_role_check;
        UPDATE users SET role = 'brand_new_role' WHERE username = 'anna'
        """)
      try expectOurFault(shop.ask(.get, "/api/v1/users/\(anna.id.text)", as: admin), shop, naming: "Role")
      #expect(shop.worker.me(admin).status == 200)
    }
  }
}
