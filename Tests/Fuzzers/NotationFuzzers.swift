internal import HTTP
internal import Notation

/// What was read is written and read back the same, and no reader of bodies minds it.
func fuzzJSON(_ bytes: [UInt8]) {
  if let value = try? JSON(parsing: bytes) {
    guard let again = try? JSON(parsing: value.bytes) else { fatalError("what was written cannot be read") }
    expect(again.bytes == value.bytes, "what was written is read as something else")
  }
  struct Body: Decodable {
    struct Item: Decodable {
      let item_id: String
      let quantity: UInt8
    }
    let user: String
    let amount: Int?
    let ratio: Double?
    let flag: Bool?
    let items: [Item]
    let names: [String: Int16]?
  }
  let request = Request(.post, "/", body: bytes)
  _ = try? request.decode(Body.self)
  _ = try? request.decode(Body.self, unknownMembers: .ignored)
}

/// Rows that were read are written and read back the same, but for the mark in front of what would be a formula.
func fuzzCSV(_ bytes: [UInt8]) {
  guard let table = try? CSV(parsing: bytes) else { return }
  // Only in front of all else is a byte order mark none of a field's.
  let rows = [["first"]] + table.rows.map(\.fields)
  let written = rows.map { CSV.line($0.map(CSV.Cell.text)) }.joined(separator: "\n")
  guard let again = try? CSV(parsing: Array(written.utf8)) else { fatalError("what was written cannot be read") }
  let same = zip(again.rows, rows).allSatisfy { one, other in
    one.fields.count == other.count
      && zip(one.fields, other).allSatisfy { $0.utf8.elementsEqual($1.utf8) || $0.utf8.elementsEqual(("'" + $1).utf8) }
  }
  expect(again.rows.count == rows.count && same, "what was written is read as something else")
}
