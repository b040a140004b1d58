import FoundationEssentials
import HTTP
import Support
import Testing

@Suite(.tiers(.unit))
struct NestedDecodingTests {
  private enum Section: String, Decodable { case main, factory, trade }
  private enum Size: Int, Decodable { case small = 1, large = 2 }

  private struct Item: Decodable {
    let item_id: UUID
    let quantity: Int
    let size: Size?
  }

  private struct Order: Decodable {
    let section: Section
    let items: [Item]
  }

  private let id = "550e8400-e29b-41d4-a716-446655440000"

  private func order(_ second: String, section: String = "\"main\"") -> String {
    "{\"section\":\(section),\"items\":[{\"item_id\":\"\(id)\",\"quantity\":1},\(second)]}"
  }

  @Test func `a nested body becomes a value`() throws {
    let order: Order = try decode(order("{\"item_id\":\"\(id)\",\"quantity\":2,\"size\":2}"))
    #expect(order.section == .main)
    #expect(order.items.map(\.quantity) == [1, 2])
    #expect(order.items[1].size == .large)
    #expect(order.items[0].item_id == UUID(uuidString: id))
  }

  @Test(arguments: [
    (#"{"item_id":"$","quantity":"2"}"#, ["quantity"], ShapeError.Kind.wrongType),
    (#"{"item_id":"$"}"#, ["quantity"], .missing),
    (#"{"item_id":"$","quantity":null}"#, ["quantity"], .wrongType),
    (#"{"item_id":"$","quantity":2,"size":3}"#, ["size"], .malformed),
    (#"{"item_id":"$","quantity":2,"size":"large"}"#, ["size"], .wrongType),
    (#"{"item_id":"nonsense","quantity":2}"#, ["item_id"], .malformed),
    (#"{"item_id":7,"quantity":2}"#, ["item_id"], .wrongType),
    (#"{"item_id":"$","quantity":2,"colour":1}"#, ["colour"], .unknown),
    ("7", [], .wrongType), ("null", [], .wrongType), ("[]", [], .wrongType),
  ])
  func `the place of a nested mistake has the index`(second: String, place: [String], kind: ShapeError.Kind) {
    let error = shapeError(order(second.replacing("$", with: id)), as: Order.self)
    #expect(error?.location == ["body", "items", "1"] + place)
    #expect(error?.kind == kind)
  }

  @Test(arguments: ["\"attic\"", "\"\"", "\"Main\"", "\"main \""])
  func `a value outside the enum names its member`(section: String) {
    let error = shapeError(order("{\"item_id\":\"\(id)\",\"quantity\":1}", section: section), as: Order.self)
    #expect(error == ShapeError(["body", "section"], "Input is none of the values allowed here", .malformed))
  }

  @Test func `a text that is not a UUID is reported as such`() {
    let error = shapeError(#"{"section":"main","items":[{"item_id":"x","quantity":1}]}"#, as: Order.self)
    #expect(error == ShapeError(["body", "items", "0", "item_id"], "Input should be a valid UUID", .malformed))
  }

  @Test func `unknown members are ignored at every depth, or at none`() throws {
    let body = order("{\"item_id\":\"\(id)\",\"quantity\":2,\"colour\":{\"r\":1}}").dropLast() + ",\"extra\":[1]}"
    #expect(try decode(String(body), as: Order.self, unknownMembers: .ignored).items.count == 2)
    #expect(shapeError(String(body), as: Order.self)?.location == ["body", "items", "1", "colour"])
  }

  @Test func `a list may be empty but not absent, null or an object`() throws {
    #expect(try decode(#"{"section":"main","items":[]}"#, as: Order.self).items.isEmpty)
    #expect(shapeError(#"{"section":"main"}"#, as: Order.self)?.kind == .missing)
    for items in ["null", "{}", "\"[]\"", "1"] {
      let error = shapeError("{\"section\":\"main\",\"items\":\(items)}", as: Order.self)
      #expect(error?.location == ["body", "items"])
      #expect(error?.kind == .wrongType)
    }
  }

  @Test func `a dictionary takes any member`() throws {
    #expect(try decode(#"{"a":1,"b":2}"#, as: [String: Int].self) == ["a": 1, "b": 2])
    #expect(shapeError(#"{"a":1,"b":"2"}"#, as: [String: Int].self)?.location == ["body", "b"])
  }

  @Test func `lists hold lists and nulls`() throws {
    #expect(try decode(#"{"a":[[1,null],[]]}"#, as: [String: [[Int?]]].self) == ["a": [[1, nil], []]])
    let error = shapeError(#"{"a":[[1],[2,true]]}"#, as: [String: [[Int?]]].self)
    #expect(error?.location == ["body", "a", "1", "1"])
  }
}
