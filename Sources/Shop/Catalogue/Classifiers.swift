package import FoundationEssentials
package import Postgres

/// One of the words that describe items and movements. Requests name it by code, the ledger by id.
package struct Classifier: Sendable, Equatable {
  package let id: UUID
  package let kind: String
  package let code: String
  /// For people to read.
  package let name: String
  package let parent: UUID?
}

/// All classifiers, in this worker's memory. They are read again once a second.
package final class Classifiers {
  package private(set) var all: [Classifier] = []
  private var byCode: [Key: Classifier] = [:]
  private var readAt = Int.min
  private var hasMissed = false

  package init() {}

  /// Runs the reading of a request. If it finds no classifier of some code, an admin may have added it a moment ago
  /// through another worker: then they are read again, and the reading runs once more. Known codes cost nothing.
  package func reading<T>(
    now: Int, on connection: borrowing Connection, _ read: (Classifiers) throws -> T
  ) throws -> T {
    let isFresh = try catchUp(now: now, on: connection)
    hasMissed = false
    let first = Result { try read(self) }
    guard hasMissed && !isFresh else { return try first.get() }
    try readAll(now: now, on: connection)
    return try read(self)
  }

  /// True if it read them now.
  @discardableResult
  package func catchUp(now: Int, on connection: borrowing Connection) throws -> Bool {
    guard now != readAt else { return false }
    try readAll(now: now, on: connection)
    return true
  }

  package func readAll(now: Int, on connection: borrowing Connection) throws {
    all = try connection.rows(
      """
      SELECT id, classifier, code, name, parent_id FROM classifiers
      ORDER BY classifier, parent_id NULLS FIRST, position, id
      """
    ) { row in
      Classifier(
        id: try row.value("id"), kind: try row.value("classifier"), code: try row.value("code"),
        name: try row.value("name"), parent: try row.value("parent_id"))
    }
    let keyed = all.map { (Key(kind: $0.kind, code: Array($0.code.utf8), parent: $0.parent), $0) }
    byCode = Dictionary(keyed) { first, _ in first }
    readAt = now
  }

  package func find(_ kind: String, _ code: String, of parent: UUID? = nil) -> Classifier? {
    let found = known(kind, code, of: parent)
    if found == nil { hasMissed = true }
    return found
  }

  /// The type of an item of which only the class is given.
  package func usualType(of itemClass: Classifier) -> Classifier? {
    known("item_type", "accessory", of: itemClass.id)
      ?? all.first { $0.kind == "item_type" && $0.parent == itemClass.id }
  }

  private func known(_ kind: String, _ code: String, of parent: UUID?) -> Classifier? {
    byCode[Key(kind: kind, code: Array(code.utf8), parent: parent)]
  }

  /// The client chooses the code. It is kept as bytes, because hashing a `String` normalises it, in the square of its
  /// length.
  private struct Key: Hashable {
    let kind: String
    let code: [UInt8]
    let parent: UUID?
  }
}
