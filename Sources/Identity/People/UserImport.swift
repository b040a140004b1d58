package import Audit
internal import FoundationEssentials
package import Notation
package import Postgres

/// Users from a table or a list, and the mistakes in their rows. A command and a request read the same rows; they differ
/// in the columns, and in how they count.
package struct UserImport: Sendable {
  package enum Source: Sendable {
    /// Columns `username,email,full_name,role,password_hash`, of which only the first is required; counts lines.
    case command
    /// Columns `email,full_name,role,username`, of which the first two are required; counts rows.
    case request

    var columns: [ImportRow.Column] {
      switch self {
      case .command: [.username, .email, .fullName, .role, .passwordHash]
      case .request: [.email, .fullName, .role, .username]
      }
    }
    var required: [ImportRow.Column] {
      switch self {
      case .command: [.username]
      case .request: [.email, .fullName]
      }
    }
    fileprivate var unit: String {
      switch self {
      case .command: "line"
      case .request: "row"
      }
    }
  }

  var rows: [ImportRow] = []
  /// How many rows can be read, and how many there are.
  package var count: Int { rows.count { $0.newcomer != nil } }
  package var total: Int { rows.count }
  package var problems: [(line: Int, message: String)] {
    rows.filter { !$0.mistakes.isEmpty }.map { ($0.number, $0.mistakes.joined(separator: " ")) }
  }

  /// The first line names the columns, in any order.
  package init(_ table: CSV, for source: Source) throws(ImportError) {
    guard !table.rows.isEmpty else { throw ImportError("the file is empty") }
    let names = table.columns
    let columns = names.compactMap { name in source.columns.first { $0.rawValue == name } }
    guard columns.count == names.count else { throw ImportError(Self.refusal(of: table, source)) }
    guard Set(columns).count == columns.count, source.required.allSatisfy(columns.contains) else {
      throw ImportError(
        "the first line must name the columns \(source.required.list), once each, and may name \(source.others.list)")
    }
    var seen = Seen(source)
    rows = table.rows.dropFirst().map { row in
      let number = source.unit == "line" ? row.line : row.number
      guard row.fields.count == columns.count else {
        let cells = row.fields.count == 1 ? "1 cell" : "\(row.fields.count) cells"
        return ImportRow(number: number, mistake: "The row has \(cells), not \(columns.count).")
      }
      let fields = Dictionary(uniqueKeysWithValues: zip(columns, row.fields))
      return seen.checked(ImportRow(number: number, fields, requiring: source.required))
    }
  }

  /// A list of people, counted from 1.
  package init(_ people: [(email: String?, fullName: String?, role: String?, username: String?)]) {
    var seen = Seen(.request)
    rows = people.enumerated().map { place, person in
      let fields = [
        ImportRow.Column.email: person.email, .fullName: person.fullName, .role: person.role,
        .username: person.username,
      ].compactMapValues { $0 }
      return seen.checked(ImportRow(number: place + 1, fields, requiring: Source.request.required))
    }
  }

  private static func refusal(of table: CSV, _ source: Source) -> String {
    let known = source.columns.map(\.rawValue)
    let odd = zip(table.columns, table.rows[0].fields).first { !known.contains($0.0) }?.1 ?? ""
    return "the first line names \(ImportRow.quoted(odd)), which is no column here: "
      + "the first line must name columns among \(known.joined(separator: ", "))"
  }

  /// Names and addresses occur once.
  private struct Seen {
    private let unit: String
    private var numbers: [String: Int] = [:]

    init(_ source: Source) { unit = source.unit }

    mutating func checked(_ row: ImportRow) -> ImportRow {
      var row = row
      for key in row.keys {
        if let before = numbers[key] {
          row.refuse("\(ImportRow.quoted(String(key.dropFirst()))) is on \(unit) \(before) already.")
        } else {
          numbers[key] = row.number
        }
      }
      return row
    }
  }

  /// Inserts all rows, in batches. A name or email that is taken becomes a problem; the other rows go in.
  package mutating func run(
    by editor: Editor, on connection: borrowing Connection, progress: (Int) -> Void
  ) throws {
    let good = rows.indices.filter { rows[$0].newcomer != nil }
    var done = 0
    while done < good.count {
      let batch = good[done..<min(done + 500, good.count)]
      let admitted = try Registrar.register(batch.compactMap { rows[$0].newcomer }, by: editor, on: connection)
      for place in batch where rows[place].newcomer.map({ !admitted.contains($0.id) }) ?? false {
        rows[place].refuse("The username or the e-mail address is taken.")
      }
      done += batch.count
      progress(done)
    }
  }
}

extension UserImport.Source {
  fileprivate var others: [ImportRow.Column] { columns.filter { !required.contains($0) } }
}

extension [ImportRow.Column] {
  fileprivate var list: String { map(\.rawValue).joined(separator: ", ") }
}

package struct ImportError: Error, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }
}

extension Registrar {
  /// Creates users and records each. Returns those created; a taken name or email creates none.
  static func register(
    _ newcomers: [Newcomer], by editor: Editor, on connection: borrowing Connection
  ) throws -> Set<UUID> {
    let list = JSON.array(newcomers.map(\.json))
    return try connection.transaction { connection in
      let admitted = try connection.rows(
        """
        SELECT \(raw: User.columns)
        FROM register_people(\(editor.id), \(String(decoding: list.bytes, as: UTF8.self))::jsonb)
        """
      ) { try User(row: $0) }
      try editor.note("user.create", all: admitted.map(\.record), on: connection)
      return Set(admitted.map(\.id))
    }
  }
}

extension Registrar.Newcomer {
  fileprivate var json: JSON {
    .members([
      "id": .string(id.text), "username": .string(username), "email": email.map(JSON.string),
      "full_name": fullName.map(JSON.string), "password_hash": passwordHash.map(JSON.string),
      "role": .string(role.rawValue),
    ])
  }
}
