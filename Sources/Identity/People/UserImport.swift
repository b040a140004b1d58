package import Audit
internal import FoundationEssentials
package import Notation
package import Postgres
internal import Tokens

/// Users from a table with the columns `username,email,full_name,role,password_hash`, named in its first line. Only
/// `username` is required.
package struct UserImport: Sendable {
  package private(set) var problems: [(line: Int, message: String)] = []
  private var lines: [(number: Int, newcomer: Registrar.Newcomer)] = []
  /// How many rows can be read, and how many there are.
  package var count: Int { lines.count }
  package let total: Int

  private static let columns = ["username", "email", "full_name", "role", "password_hash"]

  package init(_ table: CSV) throws(ImportError) {
    guard !table.rows.isEmpty else { throw ImportError("the file is empty") }
    let names = table.columns
    guard names.contains("username"), Set(names).count == names.count, names.allSatisfy(Self.columns.contains) else {
      throw ImportError("the first line must name columns among \(Self.columns.joined(separator: ", "))")
    }
    total = table.rows.count - 1
    var seen: [String: Int] = [:]
    for row in table.rows.dropFirst() {
      do {
        guard row.fields.count == names.count else {
          throw ImportError("\(row.fields.count) fields, not \(names.count)")
        }
        let newcomer = try Self.newcomer(Dictionary(uniqueKeysWithValues: zip(names, row.fields)))
        for key in ["n" + newcomer.username, newcomer.email.map { "e" + $0.lowercased() }].compactMap({ $0 }) {
          if let before = seen.updateValue(row.line, forKey: key) {
            throw ImportError("\(key.dropFirst()) is on line \(before) already")
          }
        }
        lines.append((row.line, newcomer))
      } catch {
        problems.append((row.line, "\(error)"))
      }
    }
  }

  private static func newcomer(_ fields: [String: String]) throws -> Registrar.Newcomer {
    func field(_ name: String) -> String? { fields[name].flatMap { $0.isEmpty ? nil : $0 } }
    func reading<T>(_ name: String, _ make: (String) throws -> T) throws -> T? {
      do {
        return try field(name).map(make)
      } catch {
        throw ImportError("\(name): \(error)")
      }
    }
    guard let username = try reading("username", Username.init(new:)) else { throw ImportError("username is empty") }
    var newcomer = Registrar.Newcomer(
      username: username, email: try reading("email", EmailAddress.init(_:)),
      fullName: try reading("full_name", FullName.init(_:)))
    newcomer.role =
      try reading("role") { text throws -> Role in
        guard let role = Role(rawValue: text) else { throw ImportError("is none of user, moderator, service, admin") }
        return role
      } ?? .user
    newcomer.passwordHash = try reading("password_hash") { text throws -> String in
      guard Passwords.isReadable(text) else { throw ImportError("is no Argon2id hash") }
      return text
    }
    return newcomer
  }

  /// Inserts all rows, in batches. A name or email that is taken becomes a problem; the other rows go in.
  package mutating func run(
    with registrar: Registrar, by editor: Editor, on connection: borrowing Connection, progress: (Int) -> Void
  ) throws {
    var done = 0
    while done < lines.count {
      let batch = lines[done..<min(done + 500, lines.count)]
      let admitted = try registrar.register(batch.map(\.newcomer), by: editor, on: connection)
      for line in batch where !admitted.contains(line.newcomer.id) {
        problems.append((line.number, "the username or the email is taken"))
      }
      done += batch.count
      progress(done)
    }
    problems.sort { $0.line < $1.line }
  }
}

package struct ImportError: Error, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }
}

extension Registrar {
  /// As the owner of the tables, in one statement. Returns the users created; a taken name or email creates none.
  fileprivate func register(
    _ newcomers: [Newcomer], by editor: Editor, on connection: borrowing Connection
  ) throws -> Set<UUID> {
    let list = JSON.array(newcomers.map(\.json))
    return try connection.transaction { connection in
      let admitted = try connection.rows(
        """
        INSERT INTO users (id, username, email, full_name, password_hash, role)
        SELECT id, username, email, full_name, password_hash, role
        FROM jsonb_to_recordset(\(String(decoding: list.bytes, as: UTF8.self))::jsonb)
          AS n (id uuid, username text, email text, full_name text, password_hash text, role text)
        ON CONFLICT DO NOTHING RETURNING \(raw: User.columns)
        """
      ) { try User(row: $0) }
      for user in admitted { try connection.run("SELECT FROM welcome(\(user.id), \(UUID.timeOrdered()))") }
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
