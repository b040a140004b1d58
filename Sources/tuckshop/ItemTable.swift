internal import Notation

/// A table of items: one line for each item, or one for each of its variants.
struct ItemTable {
  struct Entry {
    let code: String
    /// The members of the item, as a request would have them, without the code.
    fileprivate(set) var members: [JSON.Member] = []
    /// The line of each row.
    fileprivate(set) var lines: [Int]
    private(set) var problems: [(line: Int, message: String)] = []
    fileprivate var rows: [[String: String]] = []

    fileprivate init(_ code: String, line: Int) { (self.code, lines) = (code, [line]) }

    mutating func refuse(_ message: String, row: Int? = nil) {
      problems.append((lines[row ?? 0], message))
    }
  }

  var entries: [Entry] = []

  fileprivate static let texts = ["name", "description", "class", "type"]
  fileprivate static let numbers = ["price", "limit_per_person", "low_stock_at"]
  fileprivate static let ofItem = texts + numbers + ["hand_over"]
  fileprivate static let ofVariant = ["collection", "quality_level", "stock"]

  init(_ table: CSV) throws {
    let all = ["code"] + Self.ofItem + Self.ofVariant
    let columns = table.rows.first?.fields.map { $0.lowercased() } ?? []
    guard columns.contains("code"), Set(columns).count == columns.count, columns.allSatisfy(all.contains) else {
      throw SettingError("the first line must name the column code, and others among \(all.joined(separator: ", "))")
    }
    var places: [String: Int] = [:]
    for row in table.rows.dropFirst() {
      let fields = Dictionary(uniqueKeysWithValues: zip(columns, row.fields))
      let code = fields["code"] ?? ""
      var entry = Entry(code, line: row.line)
      if row.fields.count != columns.count {
        entry.refuse("\(row.fields.count) fields, not \(columns.count)")
      } else if code.isEmpty {
        entry.refuse("the code is empty")
      } else {
        entry.rows = [fields.filter { !$0.value.isEmpty }]
      }
      if !code.isEmpty, let place = places[code] {
        entries[place].add(entry)
      } else {
        places[code] = entries.count
        entries.append(entry)
      }
    }
    for index in entries.indices where entries[index].problems.isEmpty { entries[index].compose() }
  }
}

extension ItemTable.Entry {
  fileprivate mutating func add(_ other: Self) {
    lines += other.lines
    rows += other.rows
    for problem in other.problems { refuse(problem.message, row: lines.count - 1) }
  }

  /// Joins the rows to one item.
  fileprivate mutating func compose() {
    for name in ItemTable.ofItem {
      let given = rows.indices.filter { rows[$0][name] != nil }
      guard let first = given.first, let text = rows[first][name] else { continue }
      for row in given where rows[row][name] != text { refuse("\(name): line \(lines[first]) has another", row: row) }
      members.append(.init(name: name, value: ItemTable.value(text, of: name)))
    }
    let list = rows.map { row in
      JSON.object(
        ItemTable.ofVariant.compactMap { name in
          row[name].map { JSON.Member(name: name, value: ItemTable.value($0, of: name)) }
        })
    }
    if rows.contains(where: { $0["collection"] != nil || $0["quality_level"] != nil }) {
      members.append(.init(name: "variants", value: .array(list)))
    } else if let stock = rows[0]["stock"] {
      members.append(.init(name: "stock", value: ItemTable.value(stock, of: "stock")))
    }
    guard !members.contains(where: { $0.name == "variants" }) else { return }
    for row in rows.indices.dropFirst() { refuse("\(code) is on line \(lines[0]) already", row: row) }
  }
}

extension ItemTable {
  /// A text that is no number or truth value stays a text, and the rules of a request then say what is wrong.
  static func value(_ text: String, of column: String) -> JSON {
    switch column {
    case "stock" where text == "unlimited": .null
    case _ where numbers.contains(column) && text == "none": .null
    case _ where numbers.contains(column) || column == "stock": Int(text).map(JSON.integer) ?? .string(text)
    case "hand_over" where ["true", "yes", "false", "no"].contains(text): .bool(["true", "yes"].contains(text))
    default: .string(text)
    }
  }
}
