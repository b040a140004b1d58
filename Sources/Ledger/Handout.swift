package import Audit
package import FoundationEssentials
package import Postgres

/// Coins for many users under one name, which makes them happen once, however often the handout is repeated.
package struct Handout: Sendable {
  package enum Recipients: Sendable {
    /// All active users who are not services.
    case everybody(amount: Int)
    /// No user twice.
    case list([Share])
  }

  package struct Share: Sendable {
    package let username: String
    package let amount: Int

    package init(username: String, amount: Int) {
      self.username = username
      self.amount = amount
    }
  }

  /// The number of people whom a handout would reach, and their coins.
  package struct Forecast: Sendable, Equatable {
    package let people: Int
    package let coins: Int
    /// The grant exists, and making it again gives nothing more.
    package let isReplay: Bool
  }

  /// The places of shares whose users do not exist or are not active. `make` names the first hundred of them.
  package struct UnknownRecipients: Error, Sendable {
    package let places: [Int]
  }

  package static let amounts = 1...1_000_000_000

  package let name: String
  package let reason: String
  package let recipients: Recipients

  package init(name: String, reason: String, to recipients: Recipients) {
    self.name = name
    self.reason = reason
    self.recipients = recipients
  }

  package func forecast(by editor: Editor, on connection: borrowing Connection) throws -> Forecast {
    try record(by: editor, isRehearsal: true, on: connection)
  }

  /// Records the grant; `Grants.give` gives the coins. The same name and content again is a replay, and the same name for
  /// something else is refused.
  package func make(by editor: Editor, on connection: borrowing Connection) throws -> Done<Grants.Entry> {
    try connection.transaction { connection in
      let recorded = try record(by: editor, isRehearsal: false, on: connection)
      let grant = try Grants.find(name, on: connection)
      if !recorded.isReplay { try grant.note(by: editor, on: connection) }
      return Done(value: grant, isReplay: recorded.isReplay)
    }
  }

  /// The places of all shares without an active user.
  package func unknownPlaces(on connection: borrowing Connection) throws -> [Int] {
    guard case .list(let shares) = recipients else { return [] }
    return try connection.rows(
      """
      SELECT o.place - 1 FROM unnest(recipients_of(\(shares.usernames)::text[])) WITH ORDINALITY AS o (owner, place)
      WHERE o.owner IS NULL ORDER BY o.place
      """
    ) { try $0.value(0) }
  }

  private func record(
    by editor: Editor, isRehearsal: Bool, on connection: borrowing Connection
  ) throws -> Forecast {
    let usernames: String?
    let amounts: String
    switch recipients {
    case .everybody(let amount): (usernames, amounts) = (nil, "{\(amount)}")
    case .list(let shares):
      (usernames, amounts) = (shares.usernames, "{" + shares.map { String($0.amount) }.joined(separator: ",") + "}")
    }
    return try connection.onlyRow(
      """
      SELECT outcome, replayed, people, coins, array_to_string(wrong, ',') AS wrong
      FROM make_grant(\(editor.id), \(editor.requestID), \(name), \(reason), \(usernames)::text[], \(amounts)::bigint[],
                      \(isRehearsal))
      """
    ) { row in
      if try row.value("outcome", as: String.self) == "unknown_recipients" {
        let places = try row.value("wrong", as: String.self).split(separator: ",").compactMap { Int($0) }
        throw UnknownRecipients(places: places.map { $0 - 1 })
      }
      return try row.done {
        Forecast(people: try row.value("people"), coins: try row.value("coins"), isReplay: try row.value("replayed"))
      }.value
    }
  }
}

extension [Handout.Share] {
  /// As PostgreSQL reads an array of texts.
  fileprivate var usernames: String {
    var text: [UInt8] = [UInt8(ascii: "{")]
    for share in self {
      if text.count > 1 { text.append(UInt8(ascii: ",")) }
      text.append(UInt8(ascii: "\""))
      for byte in share.username.utf8 {
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text.append(UInt8(ascii: "\\")) }
        text.append(byte)
      }
      text.append(UInt8(ascii: "\""))
    }
    return String(decoding: text + [UInt8(ascii: "}")], as: UTF8.self)
  }
}

/// New coins for one user, from the mint.
package struct Grant: Sendable {
  package let amount: Int
  package let reason: String

  package init(amount: Int, reason: String) {
    self.amount = amount
    self.reason = reason
  }

  package func make(_ intent: Intent, by actor: UUID? = nil, on connection: borrowing Connection) throws -> Done<Int> {
    try connection.onlyRow(
      """
      SELECT outcome, balance, replayed
      FROM grant_coins(\(intent.id), \(intent.owner), \(intent.key ?? intent.id), \(actor), \(intent.requestID),
                       \(amount), \(reason))
      """
    ) { row in try row.done { try row.value("balance") } }
  }
}
