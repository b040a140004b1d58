import API
import FoundationEssentials
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

@Suite(.tiers(.api, .database))
struct ItemImageTests {
  private static let cup = "/api/v1/items/11e30000-0000-8000-8000-000000000002"
  /// One pixel each.
  static let png = Array(
    Data(
      base64Encoded: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")!
  )
  private static let webp = Array(
    Data(base64Encoded: "UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAwA0JaQAA3AA/vuUAAA=")!)

  private func put(_ shop: Shop, _ bytes: [UInt8], _ query: String = "", to path: String = cup, as token: String)
    -> Answer
  {
    shop.worker.ask(
      Request(
        .put, path + "/image" + query, headers: ["Authorization": "Bearer " + token], body: bytes, id: "r-1"))
  }

  private func images(_ answer: Answer) -> [[String: JSON]] {
    answer.members["images"]?.elements.map(\.members) ?? []
  }

  @Test func `each variant has a picture of its own, named by its content`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let before = shop.ask(.get, Self.cup)
      _ = shop.ask(
        .patch, Self.cup, ["collections": ["winter_2025"], "quality_levels": ["wooden"]], as: admin)
      let answer = put(shop, Self.png, as: admin)
      #expect(answer.status == 200, "\(answer.text)")
      #expect(answer.header("ETag") != before.header("ETag"))
      let url = try #require(images(answer).first?["url"]?.text)
      #expect(url.wholeMatch(of: #/\/media\/[0-9a-f]{24,}\.png/#) != nil)
      let kept = FileManager.default.contents(atPath: shop.worker.media + url.dropFirst("/media".count))
      #expect(kept.map(Array.init) == Self.png)

      let other = put(shop, Self.webp, "?collection=winter_2025&quality_level=wooden", as: admin)
      #expect(images(other).count == 2)
      #expect(images(other)[0]["collection"] == .null)
      #expect(images(other)[1]["collection"] == "winter_2025" && images(other)[1]["quality_level"] == "wooden")
      #expect(images(other)[1]["url"]?.text?.hasSuffix(".webp") == true)
      // The same picture again changes nothing; another one replaces it.
      #expect(images(put(shop, Self.webp, "?collection=winter_2025&quality_level=wooden", as: admin)) == images(other))
      let replaced = images(put(shop, Self.png, "?collection=winter_2025&quality_level=wooden", as: admin))
      #expect(replaced.map { $0["url"] } == [.string(url), .string(url)])
      #expect(shop.ask(.get, Self.cup).members["images"]?.elements.count == 2)

      let noted = shop.ask(.get, "/api/v1/audit?action=item.image", as: admin).members["items"]?.elements ?? []
      #expect(noted.count == 4)
      #expect(noted.last?.members["before"]?.members["images"] == .array([]))
    }
  }

  @Test func `a listed variant has a picture, which can be taken away again`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      _ = shop.ask(
        .put, Self.cup + "/variants", ["variants": [["quality_level": "s"], ["quality_level": "m"]]], as: admin)
      for query in ["?quality_level=s", "?quality_level=m", ""] {
        #expect(put(shop, Self.png, query, as: admin).status == 200, "\(query)")
      }
      let tag = shop.ask(.get, Self.cup).header("ETag")
      let gone = shop.ask(.delete, Self.cup + "/image?quality_level=s", as: admin)
      #expect(gone.status == 204 && gone.text.isEmpty)
      #expect(images(shop.ask(.get, Self.cup)).map { $0["quality_level"] } == [.null, "m"])
      #expect(shop.ask(.get, Self.cup).header("ETag") != tag)
      #expect(shop.ask(.delete, Self.cup + "/image", as: admin).status == 204)
      #expect(images(shop.ask(.get, Self.cup)).map { $0["quality_level"] } == ["m"])
      for (query, status) in [
        ("?quality_level=s", 404), ("", 404), ("?quality_level=l", 404), ("?quality_level=huge", 422),
      ] {
        #expect(shop.ask(.delete, Self.cup + "/image" + query, as: admin).status == status, "\(query)")
      }
      #expect(shop.ask(.delete, "/api/v1/items/\(Thing.nothing)/image", as: admin).status == 404)
      #expect(try shop.count("audit", "action = 'item.image'") == 5)
    }
  }

  @Test func `a wrong picture, variant or item is refused and leaves nothing`() throws {
    try withShop { shop in
      let admin = try shop.bearer(.admin)
      let before = shop.ask(.get, Self.cup).text
      let cases: [([UInt8], String, Int, String)] = [
        ([], "", 415, "image_format"), (Array("<svg/>".utf8), "", 415, "image_format"),
        (Array(Self.png.dropLast()), "", 415, "image_format"), (Self.png + Self.webp, "", 415, "image_format"),
        (Array(repeating: 0xFF, count: 2 << 20 + 1), "", 413, "image_too_large"),
        (Array(Self.png.prefix(16)) + [0, 1, 0, 0, 0, 1, 0, 0] + Self.png.dropFirst(24), "", 422, "image_dimensions"),
        (Self.png, "?collection=winter_1925", 422, "invalid_request"),
        (Self.png, "?quality_level=", 422, "invalid_request"), (Self.png, "?collection=%00", 422, "invalid_request"),
        (Self.png, "?collection=winter_2025", 422, "invalid_request"),
        (Self.png, "?quality_level=wooden", 422, "invalid_request"),
      ]
      for (bytes, query, status, code) in cases {
        let answer = put(shop, bytes, query, as: admin)
        #expect(answer.status == status, "\(bytes.count) \(query) \(answer.text)")
        #expect(answer["code"] == code)
      }
      for (id, status) in [("11e30000-0000-8000-8000-000000000099", 404), ("1", 404), ("..", 404)] {
        #expect(put(shop, Self.png, to: "/api/v1/items/\(id)", as: admin).status == status, "\(id)")
      }
      #expect(shop.ask(.get, Self.cup).text == before)
      #expect(try shop.count("item_images") == 0)
      #expect(try shop.count("audit") == 0)
    }
  }
}
