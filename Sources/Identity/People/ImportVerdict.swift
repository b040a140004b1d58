package import Audit
package import FoundationEssentials
internal import Notation
package import Postgres

extension UserImport {
  /// The end of an import by a request: every row with its verdict.
  package struct Outcome: Sendable {
    package enum Status: String, Sendable { case created, known, wrong }

    package struct Verdict: Sendable {
      package let number: Int
      /// The address as the row has it.
      package let address: String
      package fileprivate(set) var status: Status
      /// Of the account that is known or was created; nil in a rehearsal.
      package fileprivate(set) var id: UUID?
      package fileprivate(set) var username: String?
      package fileprivate(set) var detail: String?
    }

    package fileprivate(set) var verdicts: [Verdict]
    /// Nobody is created if any row is wrong.
    package var created: Int { wrong > 0 ? 0 : count(.created) }
    package var known: Int { count(.known) }
    package var wrong: Int { count(.wrong) }

    private func count(_ status: Status) -> Int { verdicts.count { $0.status == status } }
  }

  private struct Overtaken: Error {}

  /// Creates everybody who has no account yet, or nobody if a row is wrong or this is a rehearsal. An account with the
  /// address of a row stays as it is.
  package func admit(
    isRehearsal: Bool, by editor: Editor, on connection: borrowing Connection
  ) throws -> Outcome {
    var people = self
    var accounts: [Int: Account] = [:]
    do {
      return try connection.transaction { connection in
        people = self
        accounts = try people.settleNames(on: connection)
        var outcome = people.outcome(accounts)
        guard !isRehearsal, outcome.wrong == 0 else { return outcome }
        let overtaken = try people.create(besides: accounts, by: editor, on: connection)
        // The transaction is undone; nobody was created.
        guard overtaken.isEmpty else {
          for place in overtaken { people.rows[place].refuse("Another request just took this name or address.") }
          throw Overtaken()
        }
        for (place, row) in people.rows.enumerated() where accounts[place] == nil {
          outcome.verdicts[place].id = row.newcomer?.id
        }
        return outcome
      }
    } catch is Overtaken {
      return people.outcome(accounts)
    }
  }

  private struct Account {
    let id: UUID
    let username: String
  }

  /// The accounts that have the rows' addresses, by the places of the rows. A username that a row names and another
  /// account has is a mistake; a name that comes from the address gets a number then.
  private mutating func settleNames(on connection: borrowing Connection) throws -> [Int: Account] {
    var accounts: [Int: Account] = [:]
    var taken: [Int] = []
    let good = rows.indices.compactMap { place in rows[place].newcomer.map { (place, $0) } }
    let list = JSON.array(
      good.map { place, newcomer in
        ["place": .integer(place), "email": .string(newcomer.email ?? ""), "username": .string(newcomer.username)]
      })
    _ = try connection.rows(
      """
      SELECT n.place, e.id, e.username, (
          SELECT true FROM users u WHERE u.username = n.username AND u.deleted_at IS NULL) AS is_taken
      FROM jsonb_to_recordset(\(String(decoding: list.bytes, as: UTF8.self))::jsonb)
          AS n (place integer, email text, username text)
      LEFT JOIN LATERAL (
        SELECT u.id, u.username FROM users u WHERE lower(u.email) = lower(n.email) AND u.deleted_at IS NULL LIMIT 1
      ) e ON true
      """
    ) { row in
      let place = try row.value("place", as: Int.self)
      if let id = try row.value("id", as: UUID?.self) {
        accounts[place] = Account(id: id, username: try row.value("username"))
      } else if try row.value("is_taken", as: Bool?.self) ?? false {
        taken.append(place)
      }
    }
    var names = Set(good.map(\.1.username))
    // A name that comes from an address also gives way to the same name in another row.
    let chosen = Set(good.filter { rows[$0.0].hasOwnName }.map(\.1.username))
    for (place, newcomer) in good where accounts[place] == nil && !rows[place].hasOwnName {
      if chosen.contains(newcomer.username) && !taken.contains(place) { taken.append(place) }
    }
    for place in taken.sorted() {
      let name = rows[place].newcomer?.username ?? ""
      if rows[place].hasOwnName {
        rows[place].refuse("\(ImportRow.quoted(name)) is taken: choose another username.")
      } else if let free = try Registrar.free(name, on: connection).first(where: { names.insert($0).inserted }) {
        rows[place].rename(free)
      } else {
        rows[place].refuse("\(ImportRow.quoted(name)) is taken: name another username.")
      }
    }
    return accounts
  }

  /// Returns the places of rows whose names or addresses were taken meanwhile.
  private func create(
    besides accounts: [Int: Account], by editor: Editor, on connection: borrowing Connection
  ) throws -> [Int] {
    let new = rows.indices.filter { accounts[$0] == nil }
    var overtaken: [Int] = []
    for start in stride(from: 0, to: new.count, by: 1000) {
      let batch = new[start..<min(start + 1000, new.count)]
      let admitted = try Registrar.register(batch.compactMap { rows[$0].newcomer }, by: editor, on: connection)
      overtaken += batch.filter { place in rows[place].newcomer.map { !admitted.contains($0.id) } ?? false }
    }
    return overtaken
  }

  private func outcome(_ accounts: [Int: Account]) -> Outcome {
    Outcome(
      verdicts: rows.enumerated().map { place, row in
        var verdict = Outcome.Verdict(number: row.number, address: row.address, status: .created)
        if !row.mistakes.isEmpty {
          (verdict.status, verdict.detail) = (.wrong, row.mistakes.joined(separator: " "))
        } else if let account = accounts[place] {
          (verdict.status, verdict.id, verdict.username) = (.known, account.id, account.username)
        } else {
          verdict.username = row.newcomer?.username
        }
        return verdict
      })
  }
}
