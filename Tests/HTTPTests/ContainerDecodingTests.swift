import HTTP
import Support
import Testing

/// Types that open their nested containers by hand.
@Suite(.tiers(.unit))
struct ContainerDecodingTests {
  private struct Flat: Decodable {
    enum Keys: CodingKey { case owner, tags }
    enum Owner: CodingKey { case name, age }
    let name: String
    let age: Int?
    var tags: [String] = []

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Keys.self)
      let owner = try container.nestedContainer(keyedBy: Owner.self, forKey: .owner)
      name = try owner.decode(String.self, forKey: .name)
      // A second look at the same place, as in an init that calls another one.
      age = try container.nestedContainer(keyedBy: Owner.self, forKey: .owner).decodeIfPresent(Int.self, forKey: .age)
      var list = try container.nestedUnkeyedContainer(forKey: .tags)
      while !list.isAtEnd { tags.append(try list.decode(String.self)) }
    }
  }

  /// Rows of a table, opened one by one: each an object or a pair, or null for an empty one.
  private struct Table: Decodable {
    enum Keys: CodingKey { case rows, a, b }
    var sums: [Int] = []

    init(from decoder: any Decoder) throws {
      var rows = try decoder.container(keyedBy: Keys.self).nestedUnkeyedContainer(forKey: .rows)
      while !rows.isAtEnd {
        if try rows.decodeNil() {
          sums.append(0)
        } else if let pair = try? rows.superDecoder().singleValueContainer().decode([Int].self) {
          sums.append(pair.reduce(0, +))
        } else {
          throw DecodingError.dataCorruptedError(in: rows, debugDescription: "no row")
        }
      }
      var again = try decoder.container(keyedBy: Keys.self).nestedUnkeyedContainer(forKey: .rows)
      if try again.count == 2 && !again.decodeNil() {
        var pair = try again.nestedUnkeyedContainer()
        sums.append(try pair.decode(Int.self))
        let row = try again.nestedContainer(keyedBy: Keys.self)
        sums.append(try row.decode(Int.self, forKey: .a))
      }
    }
  }

  @Test func `containers opened by hand are read`() throws {
    let flat: Flat = try decode(#"{"owner":{"name":"Аня","age":7},"tags":["a","b"]}"#)
    #expect(flat.name == "Аня" && flat.age == 7 && flat.tags == ["a", "b"])
  }

  @Test(arguments: [
    (#"{"owner":{"name":1},"tags":[]}"#, ["owner", "name"], ShapeError.Kind.wrongType),
    (#"{"owner":{},"tags":[]}"#, ["owner", "name"], .missing),
    (#"{"owner":[],"tags":[]}"#, ["owner"], .wrongType),
    (#"{"owner":{"name":"a"}}"#, ["tags"], .missing),
    (#"{"owner":{"name":"a"},"tags":["x",1]}"#, ["tags", "1"], .wrongType),
    (#"{"owner":{"name":"a","shoe":43},"tags":[]}"#, ["owner", "shoe"], .unknown),
    (#"{"owner":{"name":"a"},"tags":[],"more":1}"#, ["more"], .unknown),
  ])
  func `a mistake in such a container is reported with its place`(body: String, place: [String], kind: ShapeError.Kind)
  {
    let error = shapeError(body, as: Flat.self)
    #expect(error?.location == ["body"] + place)
    #expect(error?.kind == kind)
  }

  @Test func `rows opened one by one are read, and a mistake has its place`() throws {
    #expect(try decode(#"{"rows":[[1,2],null,[]]}"#, as: Table.self).sums == [3, 0, 0])
    #expect(shapeError(#"{"rows":[[1,2],7,[]]}"#, as: Table.self)?.location == ["body"])
    let error = shapeError(#"{"rows":[[1,2],[3]]}"#, as: Table.self)
    #expect(error == ShapeError(["body", "rows", "1"], "Input should be an object, not array", .wrongType))
  }

  @Test func `reading past the end of a list is reported as a list too short`() {
    struct Pair: Decodable {
      init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        for _ in 0..<2 { _ = try list.decode(Int.self) }
      }
    }
    let error = shapeError(#"{"a":[1]}"#, as: [String: Pair].self)
    #expect(error == ShapeError(["body", "a"], "Too few elements", .missing))
  }
}
