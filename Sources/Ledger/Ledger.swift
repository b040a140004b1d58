// Knows accounts, operations, reservations and statements. For each kind of operation, one function in PostgreSQL moves
// what it moves. Refuses to know HTTP, and which callers are allowed to ask.

package import FoundationEssentials
package import Postgres

/// The owner, the key and the request of an operation that is asked for.
package struct Intent: Sendable {
  /// Ids are made in the order of time. The last 16 bits are zero, and number the postings.
  package let id: UUID
  package let owner: UUID
  /// One key never does its operation twice. Nil if the client cannot ask again.
  package let key: UUID?
  package let requestID: String?

  package init(id: UUID = .timeOrdered(), owner: UUID, key: UUID?, requestID: String?) {
    self.id = id.operation
    self.owner = owner
    self.key = key
    self.requestID = requestID
  }
}

/// A done operation. `isReplay`: an earlier call with the same key did it.
package struct Done<Value: Sendable>: Sendable {
  package let value: Value
  package let isReplay: Bool
}

/// A rule that refuses an operation.
package struct LedgerRefusal: Error, Sendable, CustomStringConvertible {
  /// As the functions of the ledger spell it. The list is closed.
  package enum Word: String, Sendable {
    case insufficientFunds = "insufficient_funds"
    case outOfStock = "out_of_stock"
    case unknownRecipient = "unknown_recipient"
    case toOneself = "to_oneself"
    case limitReached = "limit_reached"
    case unknownItem = "unknown_item"
    /// The shop does not sell the item in this collection and quality level.
    case unknownVariant = "unknown_variant"
    case overflow
    case keyReused = "key_reused"
    case unknownOperation = "unknown_operation"
    case tooLate = "too_late"
    case unknownUser = "unknown_user"
    case unknownCollection = "unknown_collection"
    case unknownQualityLevel = "unknown_quality_level"
    case insufficientItems = "insufficient_items"
    case reservationNotFound = "reservation_not_found"
    case reservationClosed = "reservation_closed"
    case grantExists = "grant_exists"
    case unknownGrant = "unknown_grant"
  }

  package let word: Word
  /// The figures of `insufficientFunds`, `outOfStock` and `limitReached`.
  package let available: Int
  package let required: Int
  /// Every missing item, for `insufficientItems`.
  package let missing: DatabaseJSON?
  /// The same request under the same key was refused before, and the ledger kept that refusal.
  package let isRepeated: Bool

  package static let unknownItem = LedgerRefusal(
    word: .unknownItem, available: 0, required: 0, missing: nil, isRepeated: false)

  package var description: String {
    switch word {
    case .insufficientFunds, .outOfStock, .limitReached: "\(word)(available: \(available), required: \(required))"
    default: "\(word)"
    }
  }
}

extension LedgerRefusal {
  /// A refusal without figures, which the ledger does not keep.
  init(_ word: Word) { self.init(word: word, available: 0, required: 0, missing: nil, isRepeated: false) }
}

extension UUID {
  /// The id of an operation, with room for the numbers of its postings.
  package var operation: UUID { posting(0) }

  /// The public id of an operation's posting. It follows from the operation's, so it is not stored.
  package func posting(_ number: UInt16) -> UUID {
    var bytes = uuid
    bytes.14 = UInt8(number >> 8)
    bytes.15 = UInt8(number & 0xFF)
    return UUID(uuid: bytes)
  }
}

extension Row {
  /// The result of one of the ledger's functions. `read` reads it if the operation was done; the other arguments
  /// describe the refusal.
  func done<Value: Sendable>(
    available: Int? = nil, required: Int = 0, missing: DatabaseJSON? = nil, _ read: () throws -> Value
  ) throws -> Done<Value> {
    let word = try value("outcome", as: String.self)
    let isReplay = try value("replayed", as: Bool.self)
    if word == "done" { return Done(value: try read(), isReplay: isReplay) }
    guard let refusal = LedgerRefusal.Word(rawValue: word) else {
      throw PostgresError(reason: .mismatch, message: "the ledger ended with \(word), which this binary does not know")
    }
    // These two describe the present state, whatever the first answer was.
    let isRepeated = isReplay && ![.keyReused, .reservationClosed, .grantExists].contains(refusal)
    throw LedgerRefusal(
      word: refusal, available: available ?? 0, required: required, missing: missing, isRepeated: isRepeated)
  }
}
