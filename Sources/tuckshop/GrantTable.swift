internal import FoundationEssentials
internal import Identity
internal import Notation
internal import Postgres

/// The recipients of a grant with their amounts, and the errors in the lines of the file.
struct GrantTable {
  struct Line {
    /// The line in the file; nil without a file.
    let number: Int?
    let username: String
    let amount: Int
    var owner: UUID?
  }

  var lines: [Line] = []
  private(set) var problems: [(line: Int, message: String)] = []
  static let amounts = 1...1_000_000_000

  init(everybody amount: Int, on connection: borrowing Connection) throws {
    lines = try UserList.everybody(on: connection).map {
      Line(number: nil, username: $0.username, amount: amount, owner: $0.id)
    }
  }

  /// `username,amount` under a line that names the columns. The column or a field of the amount may be missing.
  init(_ table: CSV, amount: Int?, on connection: borrowing Connection) throws {
    let columns = table.rows.first?.fields.map { $0.lowercased() } ?? []
    guard columns.contains("username"), Set(columns).count == columns.count,
      columns.allSatisfy({ ["username", "amount"].contains($0) })
    else { throw SettingError("the first line must name the column username, and amount if there is one") }
    var seen: [String: Int] = [:]
    for row in table.rows.dropFirst() {
      do {
        let line = try Self.line(row, columns, amount)
        if let before = seen.updateValue(row.line, forKey: line.username) {
          throw SettingError("\(line.username) is on line \(before) already")
        }
        lines.append(line)
      } catch {
        problems.append((row.line, "\(error)"))
      }
    }
    try findOwners(on: connection)
  }

  private static func line(_ row: CSV.Row, _ columns: [String], _ amount: Int?) throws -> Line {
    guard row.fields.count == columns.count else {
      throw SettingError("\(row.fields.count) fields, not \(columns.count)")
    }
    let fields = Dictionary(uniqueKeysWithValues: zip(columns, row.fields))
    let text = fields["amount"] ?? ""
    guard let amount = text.isEmpty ? amount : Int(text) else {
      throw SettingError(text.isEmpty ? "there is no amount, and no --amount" : "amount: \(text) is no whole number")
    }
    guard amounts.contains(amount) else {
      throw SettingError("amount: from \(amounts.lowerBound) to \(amounts.upperBound)")
    }
    return Line(number: row.line, username: try Username(fields["username"]!).text, amount: amount)
  }

  private mutating func findOwners(on connection: borrowing Connection) throws {
    var owners: [String: UUID] = [:]
    for start in stride(from: 0, to: lines.count, by: 1000) {
      let names = lines[start..<min(start + 1000, lines.count)].map(\.username)
      for user in try UserList.named(names, on: connection) { owners[user.username] = user.id }
    }
    for index in lines.indices {
      lines[index].owner = owners[lines[index].username]
      if lines[index].owner == nil { refuse(lines[index], "there is no active user \(lines[index].username)") }
    }
    lines.removeAll { $0.owner == nil }
  }

  mutating func refuse(_ line: Line, _ message: String) { problems.append((line.number ?? 0, message)) }

  /// With the place of each, in the order of the file.
  var complaints: [String] {
    problems.sorted { $0.line < $1.line }.map { $0.line == 0 ? $0.message : "line \($0.line): \($0.message)" }
  }
}
