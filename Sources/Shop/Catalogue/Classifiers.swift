package import FoundationEssentials
package import Postgres

/// One of the fixed words in which items and movements are described: a code outside, an id inside.
package struct Classifier: Sendable, Equatable {
  package let id: UUID
  package let kind: String
  package let code: String
  package let parent: UUID?
}

/// All of them, in this worker's memory. They change with a migration at most, and are looked at once a second.
package final class Classifiers {
  package private(set) var all: [Classifier] = []
  private var byCode: [String: Classifier] = [:]
  private var readAt = Int.min

  package init() {}

  package func catchUp(now: Int, on connection: borrowing Connection) throws {
    guard now != readAt else { return }
    all = try connection.rows(
      "SELECT id, classifier, code, parent_id FROM classifiers ORDER BY classifier, parent_id NULLS FIRST, position"
    ) { row in
      Classifier(id: try row.value(0), kind: try row.value(1), code: try row.value(2), parent: try row.value(3))
    }
    byCode = Dictionary(all.map { (Self.key($0.kind, $0.code, $0.parent), $0) }) { first, _ in first }
    readAt = now
  }

  package func find(_ kind: String, _ code: String, of parent: UUID? = nil) -> Classifier? {
    byCode[Self.key(kind, code, parent)]
  }

  private static func key(_ kind: String, _ code: String, _ parent: UUID?) -> String {
    "\(kind) \(parent?.uuidString ?? "") \(code)"
  }
}
