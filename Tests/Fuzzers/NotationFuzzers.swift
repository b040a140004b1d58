internal import HTTP
internal import Notation

/// Parsed input is written and read back the same, and no reader of bodies crashes on it.
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

/// Parsed rows are written and read back the same, except for the mark in front of a possible formula.
func fuzzCSV(_ bytes: [UInt8]) {
  guard let table = try? CSV(parsing: bytes) else { return }
  // A byte order mark is part of a field unless it comes first in the file.
  let rows = [["first"]] + table.rows.map(\.fields)
  let written = rows.map { CSV.line($0.map(CSV.Cell.text)) }.joined(separator: "\n")
  guard let again = try? CSV(parsing: Array(written.utf8)) else { fatalError("what was written cannot be read") }
  let same = zip(again.rows, rows).allSatisfy { one, other in
    one.fields.count == other.count
      && zip(one.fields, other).allSatisfy { $0.utf8.elementsEqual($1.utf8) || $0.utf8.elementsEqual(("'" + $1).utf8) }
  }
  expect(again.rows.count == rows.count && same, "what was written is read as something else")
}
