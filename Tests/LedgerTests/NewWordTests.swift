import Audit
import FoundationEssentials
import Ledger
import Postgres
import Support
import Testing

/// During a deployment an old worker calls the functions of a newer migration and gets words that it does not know.
@Suite(.tiers(.database))
struct NewWordTests {
  enum Verb: String, CaseIterable {
    case transfer, undo_transfer, purchase, grant_coins, add_items, adjust, reserve, return_reserve, consume_reserve
  }

  @Test(arguments: Verb.allCases)
  func `an unknown outcome is an error of that call`(verb: Verb) throws {
    try withDatabase { connection in
      let anna = try connection.person("anna", coins: 10)
      try connection.endInNews(verb.rawValue)
      let error = #expect(throws: PostgresError.self) { try run(verb, anna, connection) }
      #expect(error?.reason == .mismatch)
      #expect(error?.description.contains("brand_new_word") == true)
      let goesOn = connection.isAlive
      #expect(goesOn)
    }
  }

  @Test func `an unknown outcome of a handout is an error too`() throws {
    try withDatabase { connection in
      _ = try connection.person("anna")
      try connection.endInNews("grant_coins")
      let handout = Handout(name: "n", reason: "x", to: .list([.init(username: "anna", amount: 1)]))
      let error = #expect(throws: PostgresError.self) {
        try connection.transaction { connection in
          let grant = try handout.make(by: .commandLine, on: connection).value
          _ = try Grants.finish(grant, on: connection) { _ in }
        }
      }
      #expect(error?.description.contains("brand_new_word") == true)
    }
  }

  private func run(_ verb: Verb, _ anna: UUID, _ connection: borrowing Connection) throws {
    let intent = Intent(of: anna, key: 1)
    let line = Line(item: UUID(), collection: nil, qualityLevel: nil, quantity: 1)
    switch verb {
    case .transfer: _ = try Transfer(to: "bert", amount: 1).make(intent, on: connection)
    case .undo_transfer: _ = try Transfer.undo(UUID(), within: 60, intent, on: connection)
    case .purchase: _ = try Purchase(item: "cup", quantity: 1).make(intent, on: connection)
    case .grant_coins: _ = try Grant(amount: 1, reason: "x").make(intent, on: connection)
    case .add_items:
      _ = try Inventory.add([line], to: .main, type: "admin", comment: nil, intent, by: anna, on: connection)
    case .adjust: _ = try Inventory.adjust([line], in: .main, reason: "x", intent, by: Editor(anna), on: connection)
    case .reserve: _ = try Reservation.make([line], for: nil, intent, by: anna, on: connection)
    case .return_reserve: _ = try Reservation.giveBack(intent, by: anna, on: connection)
    case .consume_reserve: _ = try Reservation.consume(intent, by: anna, on: connection)
    }
  }
}

extension Connection {
  /// Replaces the function of that name by one that does nothing and returns an unknown word.
  fileprivate func endInNews(_ name: String) throws {
    try perform(
      """
      DO $do$ BEGIN
        IF pg_get_function_result('\(name)'::regproc) = 'receipt' THEN
          EXECUTE format('CREATE OR REPLACE FUNCTION %I(%s) RETURNS receipt LANGUAGE plpgsql AS %L', '\(name)',
            pg_get_function_arguments('\(name)'::regproc),
            'BEGIN RETURN ROW(NULL, ''brand_new_word'', false, NULL, NULL)::receipt; END');
        ELSE
          EXECUTE format('CREATE OR REPLACE FUNCTION %I(%s) LANGUAGE plpgsql AS %L', '\(name)',
            pg_get_function_arguments('\(name)'::regproc),
            'BEGIN outcome := ''brand_new_word''; replayed := false; END');
        END IF;
      END $do$
      """)
  }
}
