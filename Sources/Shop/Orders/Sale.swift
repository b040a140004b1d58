internal import FoundationEssentials
package import Ledger
package import Postgres

/// A purchase over the counter: the ledger's, with the catalogue's words if the shop does not sell that variant.
package enum Sale {
  package static func make(
    _ purchase: Purchase, _ intent: Intent, on connection: borrowing Connection
  ) throws -> Done<Purchase.Receipt> {
    do {
      return try purchase.make(intent, on: connection)
    } catch let refusal as LedgerRefusal where refusal.word == .unknownVariant {
      throw try VariantRefusal(purchase, on: connection)
    }
  }
}

/// The members of a request that choose no variant of the item which the shop sells.
package struct VariantRefusal: Error, Sendable {
  package enum Member: String, Sendable, CaseIterable {
    case collection
    case qualityLevel = "quality_level"
  }

  package struct Mistake: Sendable {
    package let member: Member
    package let isMissing: Bool
    /// The codes to choose from.
    package let choices: [String]
  }

  package let mistakes: [Mistake]

  /// Throws that the item is unknown if the shop sells it in no variant at the moment.
  init(_ purchase: Purchase, on connection: borrowing Connection) throws {
    let sold = try connection.rows(
      """
      SELECT s.collection_id, c.code, s.quality_level_id, q.code
      FROM items i JOIN assets s ON s.item_id = i.id AND s.sale IN ('alone', 'listed')
      LEFT JOIN classifiers c ON c.id = s.collection_id LEFT JOIN classifiers q ON q.id = s.quality_level_id
      WHERE i.code = \(purchase.item) ORDER BY s.place
      """
    ) { row in
      [
        Member.collection: Choice(id: try row.value(0), code: try row.value(1)),
        .qualityLevel: Choice(id: try row.value(2), code: try row.value(3)),
      ]
    }
    guard !sold.isEmpty else { throw LedgerRefusal.unknownItem }
    let asked = [Member.collection: purchase.collection, .qualityLevel: purchase.qualityLevel]
    let all = Member.allCases.map { member in
      let choices = sold.compactMap { $0[member] }
      let codes = choices.compactMap(\.code).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      return (
        Mistake(member: member, isMissing: asked[member] == .some(nil), choices: codes),
        isWrong: !choices.contains { $0.id == asked[member] ?? nil }
      )
    }
    let wrong = all.filter(\.isWrong).map(\.0)
    // Each member is right by itself, but not together with the other.
    mistakes = wrong.isEmpty ? all.map(\.0) : wrong
  }

  private struct Choice {
    let id: UUID?
    let code: String?
  }
}
