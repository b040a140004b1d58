import API
import HTTP
import Notation
import Support
import Testing

/// The facts that the page needs before anybody has signed in.
@Suite(.tiers(.api))
struct ShopFactsTests {
  /// No route of it may touch the database.
  private let worker: Booted

  init() throws { worker = try Booted(database: .nowhere) }

  @Test func `by default the shop is a Tuckshop with coins, in the page's own colour`() throws {
    let answer = worker.ask(.get, "/api/v1/shop")
    #expect(answer.status == 200)
    #expect(
      answer.members == [
        "company": "Tuckshop", "coin_name": "coins", "sign_in": "/api/v1/auth/methods", "undo_seconds": 60,
        "leaderboard": false, "amounts": ["least": 1, "most": 9_007_199_254_740_991],
      ])
    #expect(answer.header("Cache-Control") == "public, max-age=60")
  }

  @Test func `the settings show, and an unchanged answer is not sent again`() throws {
    let tag = try #require(worker.ask(.get, "/api/v1/shop").header("ETag"))
    func again() -> Answer { worker.ask(Request(.get, "/api/v1/shop", headers: ["If-None-Match": tag], id: "r-1")) }
    #expect(again().status == 304 && again().text.isEmpty)
    worker.storefront.branding.company = "Äpfel & Söhne"
    worker.storefront.branding.coinName = "монеты"
    worker.storefront.branding.accent = "#0A7d4b"
    worker.storefront.hasLeaderboard = true
    worker.storefront.undoSeconds = 0
    let answer = again()
    #expect(answer.status == 200)
    #expect(answer["company"] == "Äpfel & Söhne" && answer["coin_name"] == "монеты" && answer["accent"] == "#0A7d4b")
    #expect(answer.members["leaderboard"] == true && answer.members["undo_seconds"] == 0)
  }
}
