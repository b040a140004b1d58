package import FoundationEssentials
package import Postgres

/// One of the fixed words that describe items and movements. Requests name it by code, the ledger by id.
package struct Classifier: Sendable, Equatable {
  package let id: UUID
  package let kind: String
  package let code: String
  package let parent: UUID?
}

/// All classifiers, in this worker's memory. Only migrations change them; they are read again once a second.
package final class Classifiers {
  package private(set) var all: [Classifier] = []
  private var byCode: [Key: Classifier] = [:]
  private var readAt = Int.min

  package init() {}

  package func catchUp(now: Int, on connection: borrowing Connection) throws {
    guard now != readAt else { return }
    all = try connection.rows(
      "SELECT id, classifier, code, parent_id FROM classifiers ORDER BY classifier, parent_id NULLS FIRST, position"
    ) { row in
      Classifier(
        id: try row.value("id"), kind: try row.value("classifier"), code: try row.value("code"),
        parent: try row.value("parent_id"))
    }
    let keyed = all.map { (Key(kind: $0.kind, code: Array($0.code.utf8), parent: $0.parent), $0) }
    byCode = Dictionary(keyed) { first, _ in first }
    readAt = now
  }

  package func find(_ kind: String, _ code: String, of parent: UUID? = nil) -> Classifier? {
    byCode[Key(kind: kind, code: Array(code.utf8), parent: parent)]
  }

  /// The type of an item of which only the class is given.
  package func usualType(of itemClass: Classifier) -> Classifier? {
    find("item_type", "accessory", of: itemClass.id)
      ?? all.first { $0.kind == "item_type" && $0.parent == itemClass.id }
  }

  /// The client chooses the code. It is kept as bytes, because hashing a `String` normalises it, in the square of its
  /// length.
  private struct Key: Hashable {
    let kind: String
    let code: [UInt8]
    let parent: UUID?
  }
}
