package import Identity
package import Notation
internal import Ledger

/// The recipients of a grant in a table with the columns `username` and `amount`, named in its first line, and the
/// mistakes in its lines.
package struct GrantTable {
  package struct Line: Sendable {
    package let number: Int
    package let username: String
    package let amount: Int
  }

  package struct Problem: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
  }

  package private(set) var lines: [Line] = []
  package private(set) var problems: [(line: Int, message: String)] = []

  /// `amount` is for lines without one. The column may be missing too.
  package init(_ table: CSV, amount: Int?) throws(Problem) {
    let columns = table.columns
    guard let name = columns.firstIndex(of: "username"), Set(columns).count == columns.count,
      columns.allSatisfy({ ["username", "amount"].contains($0) })
    else { throw Problem("the first line must name the column username, and amount if there is one") }
    let figure = columns.firstIndex(of: "amount")
    var seen: [String: Int] = [:]
    for row in table.rows.dropFirst() {
      do {
        guard row.fields.count == columns.count else {
          throw Problem("\(row.fields.count) fields, not \(columns.count)")
        }
        let username = try Username(row.fields[name]).text
        let amount = try Self.amount(figure.map { row.fields[$0] } ?? "", amount)
        if let before = seen.updateValue(row.line, forKey: username) {
          throw Problem("\(username) is on line \(before) already")
        }
        lines.append(Line(number: row.line, username: username, amount: amount))
      } catch {
        problems.append((row.line, "\(error)"))
      }
    }
  }

  private static func amount(_ text: String, _ usual: Int?) throws(Problem) -> Int {
    guard let amount = text.isEmpty ? usual : Int(text) else {
      throw Problem(
        text.isEmpty ? "there is no amount, in this line or for all" : "amount: \(text) is no whole number")
    }
    guard Handout.amounts.contains(amount) else {
      throw Problem("amount: from \(Handout.amounts.lowerBound) to \(Handout.amounts.upperBound)")
    }
    return amount
  }

  package static func noUser(_ username: String) -> String { "there is no active user \(username)" }

  /// Takes lines out whose users do not exist.
  package mutating func refuse(_ places: [Int]) {
    for place in places { problems.append((lines[place].number, Self.noUser(lines[place].username))) }
    problems.sort { $0.line < $1.line }
    let wrong = Set(places)
    lines = lines.enumerated().filter { !wrong.contains($0.offset) }.map(\.element)
  }
}

/// The name of a grant, in one spelling: another one would be another grant.
package struct GrantName: RuledText {
  package let text: String

  package init(_ raw: String) throws(NameRefusal) {
    guard let text = raw.normalized(mostBytes: 1020), text.unicodeScalars.count <= 255 else { throw .tooLong }
    guard !text.isEmpty else { throw .empty }
    try NameRule.requireVisible(text)
    self.text = text
  }
}
