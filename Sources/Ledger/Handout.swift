package import FoundationEssentials
package import Postgres

/// Coins for many users under one name. Each user gets them once, however often the handout is repeated.
package struct Handout: Sendable {
  package let key: UUID
  package let reason: String

  package init(key: UUID, reason: String) {
    self.key = key
    self.reason = reason
  }

  package struct Share: Sendable {
    /// The id of its operation.
    package let id: UUID
    package let owner: UUID
    package let amount: Int

    package init(id: UUID, owner: UUID, amount: Int) {
      self.id = id.operation
      self.owner = owner
      self.amount = amount
    }
  }

  package enum Verdict: Sendable {
    case given
    case hadBefore
    /// The user got another amount, or the same amount for another reason.
    case hadAnother
    case overflow
  }

  /// The result that `give` would have at this moment.
  package func foresee(_ shares: [Share], on connection: borrowing Connection) throws -> [UUID: Verdict] {
    try verdicts(
      """
      SELECT s.owner,
             CASE WHEN o.content <> digest_of(s.amount::text, \(reason)) THEN 'key_reused'
                  WHEN o.id IS NULL AND p.balance > greatest_holding() - s.amount THEN 'overflow'
                  ELSE coalesce(o.outcome, 'done') END,
             o.id IS NOT NULL
      FROM jsonb_to_recordset(\(shares.json)::jsonb) AS s (id uuid, owner uuid, amount bigint)
      LEFT JOIN purses p ON p.owner = s.owner
      LEFT JOIN operations o ON o.owner = s.owner AND o.kind = 'grant' AND o.key = \(key)
      """, on: connection)
  }

  /// One statement for all, in the order of owners, in which every other operation locks them too.
  package func give(_ shares: [Share], on connection: borrowing Connection) throws -> [UUID: Verdict] {
    try connection.transaction { connection in
      try verdicts(
        """
        SELECT s.owner, g.outcome, g.replayed
        FROM (
          SELECT s.* FROM jsonb_to_recordset(\(shares.json)::jsonb) AS s (id uuid, owner uuid, amount bigint)
          ORDER BY s.owner
        ) s, LATERAL grant_coins(s.id, s.owner, \(key), NULL, NULL, s.amount, \(reason)) g
        """, on: connection)
    }
  }

  private func verdicts(_ sql: SQL, on connection: borrowing Connection) throws -> [UUID: Verdict] {
    let list = try connection.rows(sql) { row in
      let outcome: String = try row.value(1)
      let verdict: Verdict =
        switch outcome {
        case "done": try row.value(2) ? .hadBefore : .given
        case "key_reused": .hadAnother
        case "overflow": .overflow
        default:
          throw PostgresError(reason: .mismatch, message: "a grant ended with \(outcome), which nobody here knows")
        }
      return (try row.value(0, as: UUID.self), verdict)
    }
    return Dictionary(list) { first, _ in first }
  }
}

extension [Handout.Share] {
  /// Ids and numbers only, so nothing needs escaping.
  fileprivate var json: String {
    let rows = map { #"{"id":"\#($0.id.text)","owner":"\#($0.owner.text)","amount":\#($0.amount)}"# }
    return "[" + rows.joined(separator: ",") + "]"
  }
}

/// New coins for a user: a welcome, a month's allowance, a thank-you.
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
