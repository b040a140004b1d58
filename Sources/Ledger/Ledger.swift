// Knows accounts, operations and statements: what may move, and what an owner may be told of it. The moving itself is
// done by one function in PostgreSQL for each kind of operation. Refuses to know HTTP and who is allowed to ask.

package import FoundationEssentials
internal import Postgres

/// What somebody wants moved: whose things, under which name of their own, and asked by which request.
package struct Intent: Sendable {
  /// Made here, in the order of time; its last 16 bits are zero and belong to its postings.
  package let id: UUID
  package let owner: UUID
  /// Under the same key the same is never done twice. Nil if nobody could ask again.
  package let key: UUID?
  package let requestID: String?

  package init(id: UUID, owner: UUID, key: UUID?, requestID: String?) {
    self.id = id.operation
    self.owner = owner
    self.key = key
    self.requestID = requestID
  }
}

/// What became of it, and whether it had been done before this call.
package struct Done<Value: Sendable>: Sendable {
  package let value: Value
  package let isReplay: Bool
}

/// The rules' sentences. The list is closed.
package enum LedgerRefusal: Error, Sendable, Equatable {
  case insufficientFunds(available: Int, required: Int)
  case outOfStock(available: Int, required: Int)
  case unknownRecipient
  case toOneself
  case unknownItem
  case overflow
  case keyReused
  case unknownOperation
  case tooLate
  case unknownUser
  case unknownCollection
  case unknownQualityLevel
  /// With JSON text that lists every missing item.
  case insufficientItems(missing: [UInt8])
  case reservationNotFound
  case reservationClosed
}

/// A refusal that was given to the same question under the same key before, and is kept.
package struct RepeatedRefusal: Error, Sendable {
  package let refusal: LedgerRefusal
}

extension UUID {
  /// The id of an operation, with room for those of its postings.
  package var operation: UUID { withLast(0) }

  /// The public id of an operation's posting. Nobody has to keep it: it follows from the operation.
  package func posting(_ number: Int) -> UUID { withLast(UInt16(number)) }

  private func withLast(_ number: UInt16) -> UUID {
    var bytes = uuid
    bytes.14 = UInt8(number >> 8)
    bytes.15 = UInt8(number & 0xFF)
    return UUID(uuid: bytes)
  }
}

/// Reads the word a function of the ledger ends with.
struct Outcome {
  let word: String
  let isReplay: Bool
  var available: Int?
  var required = 0
  var missing: [UInt8]?

  /// Returns if it was done.
  func require() throws {
    guard let refusal = try refusal() else { return }
    switch refusal {
    // These say what is so at the moment, whatever was asked before.
    case .keyReused, .reservationClosed: throw refusal
    default: if isReplay { throw RepeatedRefusal(refusal: refusal) } else { throw refusal }
    }
  }

  private func refusal() throws -> LedgerRefusal? {
    switch word {
    case "done": nil
    case "insufficient_funds": .insufficientFunds(available: available ?? 0, required: required)
    case "insufficient_items": .insufficientItems(missing: missing ?? [])
    case "out_of_stock": .outOfStock(available: available ?? 0, required: required)
    case "unknown_recipient": .unknownRecipient
    case "to_oneself": .toOneself
    case "unknown_item": .unknownItem
    case "overflow": .overflow
    case "key_reused": .keyReused
    case "unknown_operation": .unknownOperation
    case "too_late": .tooLate
    case "unknown_user": .unknownUser
    case "unknown_collection": .unknownCollection
    case "unknown_quality_level": .unknownQualityLevel
    case "reservation_not_found": .reservationNotFound
    case "reservation_closed": .reservationClosed
    default: throw PostgresError(reason: .mismatch, message: "the ledger ended with \(word), which nobody here knows")
    }
  }
}
