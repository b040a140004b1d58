import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// Errors in the shape of inventory requests, and callers who may not make them.
@Suite(.tiers(.api, .database, .security))
struct InventoryShapeTests {
  private static let most = 9_007_199_254_740_991

  private static let lines: [(JSON, String)] = [
    (line(Thing.axe, 0), "invalid_quantity"), (line(Thing.axe, -1), "invalid_quantity"),
    (line(Thing.axe, most + 1), "invalid_quantity"), (line(Thing.axe, .max), "invalid_quantity"),
    (line(Thing.axe, .min), "invalid_quantity"), (line(Thing.axe, 1, "winter_1925"), "unknown_collection"),
    (line(Thing.axe, 1, "autumn_2025"), "unknown_collection"), (line(Thing.axe, 1, ""), "unknown_collection"),
    (line(Thing.axe, 1, "metal"), "unknown_collection"), (line(Thing.gem, 1, "winter_2025"), "unknown_collection"),
    (line(Thing.axe, 1, nil, "Metal"), "unknown_quality_level"),
    (line(Thing.axe, 1, nil, "stone"), "unknown_quality_level"),
    (line(Thing.gem, 1, nil, "metal"), "unknown_quality_level"), (line(Thing.nothing, 1), "unknown_item"),
    (line("axe", 1), "invalid_request"), (line("", 1), "invalid_request"),
    (line(Thing.axe, 1).with(["quantity": "1"]), "invalid_request"),
    (line(Thing.axe, 1).with(["quantity": .number("1.5")]), "invalid_request"),
    (line(Thing.axe, 1).with(["quantity": nil]), "invalid_request"),
    (line(Thing.axe, 1).with(["item_id": nil]), "invalid_request"),
    (line(Thing.axe, 1).with(["collection": 1]), "invalid_request"),
    (line(Thing.axe, 1).with(["price": 1]), "invalid_request"), ("axe", "invalid_request"), (.null, "invalid_request"),
  ]

  @Test func `a wrong line is named, and the request changes nothing`() throws {
    try withShop { shop in
      try shop.stockUp()
      let (bearer, anna) = (try shop.bearer(.admin), try shop.person("anna"))
      #expect(
        shop.ask(.post, "/inventory/add-items", adding([line(Thing.gem, 9)], to: anna, 0), as: bearer).status == 200)
      for (number, (bad, code)) in Self.lines.enumerated() {
        let body = adding([line(Thing.gem, 1), bad], to: anna, number + 1)
        let added = shop.ask(.post, "/inventory/add-items", body, as: bearer)
        #expect(added.status == 400 && added["error"] == code, "\(bad): \(added.text)")
        #expect(added["message"] != nil)
        let reserving = body.with(["section": nil, "operation_type": nil])
        let reserved = shop.ask(.post, "/inventory/reserve", reserving, as: bearer)
        #expect(reserved.status == 400 && reserved["error"] == code, "\(bad): \(reserved.text)")
      }
      #expect(shop.holdings(shop.token(anna)) == ["gem: 9"])
      #expect(try shop.count("operations", "kind IN ('add_items', 'reserve')") == 1)
    }
  }

  private static let envelopes: [([String: JSON?], Int, String)] = [
    (["items": []], 400, "no_items"),
    (["items": .array(Array(repeating: line(Thing.gem, 1), count: 1001))], 400, "no_items"),
    (["items": nil], 400, "invalid_request"), (["items": [:]], 400, "invalid_request"),
    (["section": "attic"], 400, "invalid_section"), (["section": ""], 400, "invalid_section"),
    (["section": "Main"], 400, "invalid_section"), (["operation_type": "gift"], 400, "unknown_operation_type"),
    (["operation_type": "main"], 400, "unknown_operation_type"), (["operation_id": "1"], 400, "invalid_request"),
    (["operation_id": "0b000000-0000-4000-8000-00000000000g"], 400, "invalid_request"),
    (["user_id": "anna"], 400, "invalid_request"), (["user_id": .string(Thing.nothing)], 404, "unknown_user"),
    (["comment": .string(String(repeating: "я", count: 501))], 400, "comment_too_long"),
    (["comment": "nul\u{0}"], 400, "invalid_request"), (["comment": 1], 400, "invalid_request"),
    (["extra": 1], 400, "invalid_request"),
    (["items": .array([line(Thing.gem, most), line(Thing.gem, 1)])], 409, "overflow"),
  ]

  @Test func `a wrong envelope is named`() throws {
    try withShop { shop in
      try shop.stockUp()
      let (bearer, anna) = (try shop.bearer(.service), try shop.person("anna"))
      let good = adding([line(Thing.gem, 1)], to: anna, 1)
      for (change, status, code) in Self.envelopes {
        let answer = shop.ask(.post, "/inventory/add-items", good.with(change), as: bearer)
        #expect(answer.status == status && answer["error"] == code, "\(change): \(answer.text)")
      }
      for body in ["", "{", "[]", "null", "\"\"", "{\"items\":", "\u{FEFF}{}", String(repeating: "[", count: 10_000)] {
        let headers: Headers = ["Authorization": "Bearer " + bearer]
        let answer = shop.worker.ask(
          Request(.post, "/inventory/add-items", headers: headers, body: Array(body.utf8), id: "r-1"))
        #expect(answer.status == 400 && answer["error"] == "invalid_request", "\(body.prefix(20))")
      }
      #expect(shop.holdings(shop.token(anna)).isEmpty)
      // A thousand lines are the most that are allowed, and each has an id of its own.
      let many = good.with([
        "items": .array(Array(repeating: line(Thing.gem, 1), count: 1000)), "comment": "500 are fine",
      ])
      let answer = shop.ask(.post, "/inventory/add-items", many.with(["operation_id": key(2)]), as: bearer)
      #expect(Set(answer.members["operation_ids"]?.elements.compactMap(\.text) ?? []).count == 1000)
      #expect(shop.holdings(shop.token(anna)) == ["gem: 1000"])
    }
  }

  @Test func `a plain user moves only their own goods, and adds and adjusts nothing`() throws {
    try withShop { shop in
      try shop.stockUp()
      let (anna, boris) = (try shop.person("anna"), try shop.person("boris"))
      let service = try shop.bearer(.service)
      let adjustment: JSON = [
        "user_id": .string(anna.id.text), "section": "main", "reason": "counted by hand",
        "items": [["item_id": .string(Thing.gem), "quantity_change": 1]],
      ]
      let add = adding([line(Thing.gem, 3)], to: anna, 1)
      let reserve = add.with(["section": nil, "operation_type": nil])
      for token in [shop.token(boris), try shop.bearer(.moderator)] {
        for (path, body) in [
          ("/inventory/add-items", add), ("/admin/inventory/adjust", adjustment), ("/inventory/reserve", reserve),
          ("/inventory/return-reserve", closing(anna, 1)), ("/inventory/consume-reserve", closing(anna, 1)),
        ] {
          let answer = shop.ask(.post, path, body, as: token)
          #expect(answer.status == 403 && answer["error"] == "forbidden", "\(path)")
          #expect(shop.ask(.post, path, body)["error"] == "missing_token", "\(path)")
          for none in ["x.y.z", "x", "a.b", ""] {
            #expect(shop.ask(.post, path, body, as: none)["error"] == "invalid_token_format", "\(path)")
          }
          let forged = shop.ask(.post, path, body, as: token.dropLast(4) + "AAAA")
          #expect(forged.status == 401 && forged["error"] == "invalid_token_signature", "\(path)")
        }
      }
      #expect(shop.ask(.post, "/inventory/add-items", add, as: shop.token(anna)).status == 403)
      #expect(shop.ask(.post, "/admin/inventory/adjust", adjustment, as: service).status == 403)
      #expect(shop.ask(.post, "/inventory/add-items", add, as: service).status == 200)
      #expect(shop.ask(.post, "/inventory/reserve", reserve, as: shop.token(anna)).status == 200)
      let mine = "/inventory/reservation/0b000000-0000-4000-8000-000000000001"
      #expect(shop.ask(.get, mine, as: shop.token(anna)).status == 200)
      #expect(shop.ask(.get, mine, as: service).status == 200)
      let theirs = shop.ask(.get, mine, as: shop.token(boris))
      #expect(theirs.status == 404 && theirs.members["reservation_exists"] == false && theirs["error"] != nil)
      #expect(shop.holdings(shop.token(boris)).isEmpty)
    }
  }

  @Test func `a reason and a change have limits`() throws {
    try withShop { shop in
      try shop.stockUp()
      let (bearer, anna) = (try shop.bearer(.admin), try shop.person("anna"))
      func adjust(_ change: JSON, _ reason: String) -> Answer {
        let item: JSON = ["item_id": .string(Thing.gem), "quantity_change": change]
        let body: JSON = [
          "user_id": .string(anna.id.text), "section": "main", "reason": .string(reason), "items": [item],
        ]
        return shop.ask(.post, "/admin/inventory/adjust", body, as: bearer)
      }
      #expect(adjust(1, "too short")["error"] == "invalid_reason")
      #expect(adjust(1, String(repeating: "я", count: 501))["error"] == "invalid_reason")
      for change in [0, Self.most + 1, -Self.most - 1, .max, .min] {
        #expect(adjust(.integer(change), "counted by hand")["error"] == "invalid_quantity", "\(change)")
      }
      #expect(adjust("1", "counted by hand").status == 400)
      #expect(adjust(.integer(-Self.most), "counted by hand")["error"] == "insufficient_items")
      #expect(adjust(.integer(Self.most), "counted by hand").status == 200)
      #expect(adjust(1, "counted by hand")["error"] == "overflow")
      #expect(adjust(.integer(-Self.most), "counted by hand").status == 200)
      #expect(shop.holdings(shop.token(anna)).isEmpty)
    }
  }
}
