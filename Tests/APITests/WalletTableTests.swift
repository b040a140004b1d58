import API
import HTTP
import Identity
import Ledger
import Notation
import Postgres
import Support
import Testing
import Tokens

/// `GET /api/v1/wallet/history` as CSV.
@Suite(.tiers(.api, .database, .security))
struct WalletTableTests {
  private static let messages = [
    "=HYPERLINK(\"http://x.example\")", "=\u{301}1+1", "\n=1+1", "\r\n@SUM(A1)", "\t-1", " +1", "\u{FEFF}=1",
    "thanks, Anna", "",
  ]

  @Test func `no user text becomes a formula, and a number stays a number`() throws {
    try withShop { shop in
      let (anna, boris) = (try shop.person("=cmd"), try shop.person("boris"))
      let intent = Intent(id: .timeOrdered(), owner: anna.id, key: nil, requestID: nil)
      _ = try Grant(amount: 100, reason: "test").make(intent, on: shop.owner)
      for (number, message) in Self.messages.enumerated() {
        let headers: Headers = ["Authorization": "Bearer " + shop.token(anna), "Idempotency-Key": "\(number)"]
        let body: JSON = ["to_user": "boris", "amount": 1, "message": .string(message)]
        let sent = shop.worker.ask(Request(.post, "/api/v1/transfers", headers: headers, body: body.bytes, id: "r-1"))
        #expect(sent.status == 201, "\(sent.text)")
      }
      let rows = try table(shop, shop.token(boris))
      #expect(
        rows[0] == [
          "id", "at", "kind", "change", "balance", "counterpart", "item", "quantity", "message", "counterpart_name",
          "made_by",
        ])
      #expect(rows.dropFirst().allSatisfy { $0[5] == "'=cmd" })
      let read = rows.dropFirst().map { Array($0[8].utf8) }
      let due = Self.messages.map { $0 == "thanks, Anna" || $0.isEmpty ? $0 : "'" + $0 }
      #expect(read == due.reversed().map { Array($0.utf8) })
      #expect(try table(shop, shop.token(anna))[1][3] == "-1")
    }
  }

  private func table(_ shop: Shop, _ token: String) throws -> [[String]] {
    let headers: Headers = ["Authorization": "Bearer " + token, "Accept": "Text/CSV, */*"]
    let answer = shop.worker.ask(Request(.get, "/api/v1/wallet/history", headers: headers, id: "r-1"))
    #expect(answer.header("Content-Type")?.hasPrefix("text/csv") == true)
    return try CSV(parsing: answer.response.body).rows.map(\.fields)
  }
}
