import API
import HTTP
import Identity
import Notation
import Postgres
import Shop
import Support
import Testing

/// Conditional requests: `If-None-Match` on reads, `If-Match` on changes.
@Suite(.tiers(.api, .database))
struct ItemConditionTests {
  private static let cup = "/api/v1/items/11e30000-0000-8000-8000-000000000002"

  private func ask(
    _ shop: Shop, _ method: HTTP.Method, _ header: String, _ value: String, _ body: JSON? = nil, as token: String? = nil
  ) -> Answer {
    var headers: Headers = [header: value]
    if let token { headers.add("Authorization", "Bearer " + token) }
    return shop.worker.ask(Request(method, Self.cup, headers: headers, body: body?.bytes ?? [], id: "r-1"))
  }

  @Test func `an unchanged item is not sent again`() throws {
    try withShop { shop in
      let first = shop.ask(.get, Self.cup)
      let tag = try #require(first.header("ETag"))
      #expect(tag.wholeMatch(of: /"[0-9a-f]+"/) != nil)
      #expect(first.header("Cache-Control") == "no-cache")
      for known in [
        tag, "W/\(tag)", "*", "\"other\", \(tag)", "\(tag),W/\"other\"", "\"a\" , \(tag) ", "\t\(tag)\t,\"b\"",
        " W/\(tag) ",
      ] {
        let answer = ask(shop, .get, "If-None-Match", known)
        #expect(answer.status == 304, "\(known)")
        #expect(answer.text.isEmpty && answer.header("ETag") == tag && answer.header("Content-Type") == nil)
      }
      for other in ["", "\"other\"", "W/", "w/\(tag)", String(tag.dropFirst()), "\(tag)x", "**", "\"*\"", ",", "W/*"] {
        #expect(ask(shop, .get, "If-None-Match", other).text == first.text, "\(other)")
      }
    }
  }

  @Test func `a change succeeds only for a client that has seen the current version`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      var tag = try #require(shop.ask(.get, Self.cup).header("ETag"))
      // nginx weakens the tag of a compressed answer, so a weak tag is accepted as well.
      for (number, known) in [tag, "W/TAG", "*", "\"x\", TAG", "TAG , \"x\""].enumerated() {
        let known = known.replacing("TAG", with: tag)
        let answer = ask(shop, .patch, "If-Match", known, ["price": .integer(30 + number)], as: admin)
        #expect(answer.status == 200, "\(known)")
        #expect(answer.header("ETag") != tag)
        tag = try #require(answer.header("ETag"))
        #expect(shop.ask(.get, Self.cup).header("ETag") == tag)
      }
      let seen = shop.ask(.get, Self.cup).text
      for stale in ["\"x\"", "W/\"x\"", "\"x\",\"y\"", "", "W/", String(tag.dropLast())] {
        for (method, body) in [(.patch, ["price": 1]), (.delete, nil)] as [(HTTP.Method, JSON?)] {
          let answer = ask(shop, method, "If-Match", stale, body, as: admin)
          #expect(answer.status == 412, "\(stale)")
          #expect(answer["code"] == "changed_meanwhile")
        }
      }
      #expect(shop.ask(.get, Self.cup).text == seen)
      #expect(try shop.count("audit") == 5)
      #expect(ask(shop, .delete, "If-Match", tag, as: admin).status == 204)
      #expect(ask(shop, .delete, "If-Match", "*", as: admin).status == 404)
    }
  }

  @Test func `of many clients that saw the same version, one changes it`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let tag = try #require(shop.ask(.get, Self.cup).header("ETag"))
      let statuses = try shop.place.atOnce(6) { index, worker in
        let headers: Headers = ["If-Match": tag, "Authorization": "Bearer " + admin]
        let body: JSON = ["price": .integer(100 + index)]
        return worker.ask(Request(.patch, Self.cup, headers: headers, body: body.bytes, id: "r-1")).status
      }
      #expect(statuses.sorted() == [200, 412, 412, 412, 412, 412])
      #expect(try shop.count("audit") == 1)
    }
  }

  @Test func `where a condition is required, a change without one is refused`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let worker = try Booted(
        database: TestCluster.settings(user: TestCluster.app, database: shop.place.database),
        keyFile: shop.place.keyFile, requiresCondition: true)
      for (method, body) in [(.patch, ["price": 1]), (.delete, nil)] as [(HTTP.Method, JSON?)] {
        let answer = worker.ask(method, Self.cup, body, as: admin)
        #expect(answer.status == 428)
        #expect(answer["code"] == "condition_missing")
      }
      let headers: Headers = ["If-Match": "*", "Authorization": "Bearer " + admin]
      let body: JSON = ["price": 1]
      #expect(worker.ask(Request(.patch, Self.cup, headers: headers, body: body.bytes, id: "r-1")).status == 200)
    }
  }
}
