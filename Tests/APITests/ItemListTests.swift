import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

@Suite(.tiers(.api, .database))
struct ItemListTests {
  private func codes(_ answer: Answer) -> [String] {
    answer.members["items"]?.elements.compactMap { $0.members["code"]?.text } ?? []
  }

  @Test func `the catalogue is read page by page, and every page gives the total`() throws {
    try withShop { shop in
      let whole = shop.ask(.get, "/api/v1/items")
      #expect(whole.status == 200)
      #expect(whole.members.keys.sorted() == ["items", "limit", "page", "total", "total_pages"])
      #expect(codes(whole).count == 10 && whole.members["total"] == 10 && whole.members["total_pages"] == 1)
      var seen: [String] = []
      for page in 1...5 {
        let answer = shop.ask(.get, "/api/v1/items?limit=3&page=\(page)")
        #expect(answer.members["total"] == 10 && answer.members["total_pages"] == 4 && answer.members["limit"] == 3)
        seen += codes(answer)
      }
      #expect(seen == codes(whole))
      let beyond = shop.ask(.get, "/api/v1/items?page=1000000&limit=100")
      #expect(beyond.status == 200 && codes(beyond).isEmpty && beyond.members["total"] == 10)
    }
  }

  @Test func `the catalogue is sorted, searched and filtered`() throws {
    try withShop { shop in
      try shop.owner.run(
        """
        INSERT INTO items (code, name, description, class_id, type_id, is_active)
        SELECT 'axe' || n, 'Топор 100%_' || n, 'A\\b', class.id, type.id, n < 3
        FROM generate_series(1, 3) n, classifiers class, classifiers type
        WHERE class.code = 'tools' AND type.code = 'axe'
        """)
      func list(_ query: String) -> [String] { codes(shop.ask(.get, "/api/v1/items?" + query)) }
      #expect(list("sort_by=price&limit=2") == ["pen", "socks"])
      #expect(list("sort_by=price&sort_order=desc&limit=1") == ["pink-hoody"])
      // Items without a price come last, in either direction.
      #expect(Set(list("sort_by=price&limit=100").suffix(2)) == ["axe1", "axe2"])
      #expect(Set(list("sort_by=price&sort_order=desc&limit=100").suffix(2)) == ["axe1", "axe2"])
      #expect(list("sort_by=code&limit=3") == ["axe1", "axe2", "book"])
      #expect(list("class=tools&sort_by=name") == ["axe1", "axe2"])
      #expect(list("class=tools&is_active=false") == ["axe3"])
      #expect(list("type=clothing").count == 4)
      #expect(list("search=HOODY").count == 2)
      #expect(list("search=%D1%82%D0%BE%D0%9F%D0%BE%D1%80").count == 2)
      // These are letters like any others.
      for text in ["%25", "_", "%5C", "100%25_1"] { #expect(!list("search=\(text)").isEmpty, "\(text)") }
      #expect(list("search=100_1").isEmpty)
      #expect(list("search=").count == 12 && list("search=%27%3B--").isEmpty && list("class=weapons").isEmpty)
    }
  }

  @Test(arguments: [
    "limit=0", "limit=101", "limit=x", "limit=-1", "limit=9999999999999999999", "page=0", "page=1000001", "page=1.5",
    "sort_by=id", "sort_by=price;drop", "sort_order=down", "is_active=1", "is_active=", "limit=%D9%A5", "page=%FF",
  ])
  func `an invalid page is refused`(query: String) throws {
    let worker = try Booted()
    let answer = worker.ask(.get, "/api/v1/items?" + query)
    #expect(answer.status == 422)
    #expect(answer.complaint.first == "query")
  }

  @Test(arguments: ["search=%00", "search=a%00b", "class=%00", "type=%00"])
  func `text that PostgreSQL cannot store is refused in a search`(query: String) throws {
    let answer = try Booted().ask(.get, "/api/v1/items?" + query)
    #expect(answer.status == 422, "\(answer.text)")
  }

  @Test func `an unchanged list is not sent again`() throws {
    try withShop { shop in
      let tag = try #require(shop.ask(.get, "/api/v1/items?limit=2").header("ETag"))
      func again(_ path: String) -> Answer {
        shop.worker.ask(Request(.get, path, headers: ["If-None-Match": tag], id: "r-1"))
      }
      let same = again("/api/v1/items?limit=2")
      #expect(same.status == 304 && same.text.isEmpty && same.header("ETag") == tag)
      #expect(again("/api/v1/items?limit=3").status == 200)
      try shop.owner.run("UPDATE items SET price = 21 WHERE code = 'cup'")
      #expect(again("/api/v1/items?limit=2").status == 200)
    }
  }

  @Test func `the words for describing items are listed, with the class of each type`() throws {
    let answer = try Booted().ask(.get, "/api/v1/classifiers")
    #expect(
      answer.members.keys.sorted() == [
        "collection", "inventory_section", "item_class", "item_type", "operation_type", "quality_level",
      ])
    let types = answer.members["item_type"]?.elements.map(\.members) ?? []
    #expect(types.contains { $0["code"] == "axe" && $0["class"] == "tools" })
    #expect(answer.members["item_class"]?.elements.first?.members["class"] == nil)
  }
}
