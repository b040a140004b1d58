import API
import FoundationEssentials
import HTTP
import Identity
import Notation
import Postgres
import Shop
import Support
import Telemetry
import Testing

/// Each worker keeps the classifiers in its memory. A code that another worker has just added is known all the same.
@Suite(.tiers(.api, .database))
struct FreshClassifierTests {
  /// The first of two workers adds a size and a collection, each of its own, after the second has read all classifiers.
  /// If the clock's second ends in between, the second worker reads them again by itself, and the test shows nothing.
  private func withTwoWorkers(
    _ body: (_ second: Booted, _ admin: String, _ add: (_ code: String) throws -> Void) throws -> Void
  ) throws {
    try withShop { shop in
      let second = try shop.place.worker()
      let admin = try shop.bearer(.admin)
      try body(second, admin) { code in
        try second.lender.lend(until: .after(milliseconds: 10_000)) { connection in
          _ = try second.storefront.classifiers.catchUp(now: Clock.unixSeconds, on: connection)
        }
        for kind in ["quality_level", "collection"] {
          let made = shop.ask(.post, "/api/v1/classifiers/" + kind, ["code": .string(code), "name": "New"], as: admin)
          #expect(made.status == 201)
        }
      }
    }
  }

  @Test func `an item gets a new size and a new collection through a worker that has not seen them`() throws {
    try withTwoWorkers { second, admin, add in
      try add("n1")
      let made = second.ask(
        .post, "/api/v1/items",
        ["name": "Vest", "price": 10, "quality_levels": ["n1"], "collections": ["n1"], "reason": "summer"], as: admin)
      #expect(made.status == 201, "\(made.text)")
      #expect(made.members["quality_levels"] == ["n1"] && made.members["collections"] == ["n1"])
      try add("n2")
      let path = "/api/v1/items/" + (made["id"] ?? "")
      let changed = second.ask(.patch, path, ["quality_levels": ["n2"], "collections": ["n2"]], as: admin)
      #expect(changed.status == 200, "\(changed.text)")
      #expect(changed.members["quality_levels"] == ["n2"] && changed.members["collections"] == ["n2"])
      try add("n3")
      let wrong = second.ask(.patch, path, ["quality_levels": ["n3"], "collections": ["n4"]], as: admin)
      // Only the mistake that is left, and only once.
      #expect(wrong.complaints == [["body", "collections", "value_error"]])
    }
  }

  @Test func `so does a picture, and an inventory request names them`() throws {
    try withTwoWorkers { second, admin, add in
      try add("n1")
      let picture = second.ask(
        Request(
          .put, "/api/v1/items/\(Thing.cup)/image?quality_level=n1&collection=n1",
          headers: ["Authorization": "Bearer " + admin], body: [1], id: "r-1"))
      // Both words are known; the file is no picture.
      #expect(picture.status == 415, "\(picture.text)")
      try add("n2")
      let id = UUID().text
      let added = second.ask(
        .post, "/inventory/add-items",
        [
          "user_id": .string(id), "section": "main", "operation_type": "craft_result", "operation_id": .string(id),
          "items": [["item_id": .string(Thing.cup), "quantity": 1, "collection": "n2", "quality_level": "n2"]],
        ], as: admin)
      // The worker knows the words; the ledger does not know the user.
      #expect(added["error"] == "unknown_user", "\(added.text)")
    }
  }

  @Test func `a purchase names a new size, which the item does not come in yet`() throws {
    try withTwoWorkers { second, admin, add in
      try add("n1")
      let headers: Headers = ["Authorization": "Bearer " + admin, "Idempotency-Key": "k"]
      let body: JSON = ["item": "cup", "quantity": 1, "quality_level": "n1"]
      let bought = second.ask(Request(.post, "/api/v1/purchases", headers: headers, body: body.bytes, id: "r-1"))
      #expect(bought.complaints == [["body", "quality_level", "value_error"]])
      #expect(!bought.text.contains("There is no such quality_level"), "\(bought.text)")
    }
  }

  @Test func `the list has a new code at once, whatever worker is asked`() throws {
    try withTwoWorkers { second, _, add in
      try add("n1")
      let levels = second.ask(.get, "/api/v1/classifiers").members["quality_level"]?.elements ?? []
      #expect(levels.last?.members["code"] == "n1")
    }
  }
}
