package import FoundationEssentials
package import Postgres

/// One contradiction in the ledger.
package struct Difference: Sendable, CustomStringConvertible {
  package enum Finding: String, Sendable, CaseIterable {
    // Of accounts.
    case balance, version, lastMove, accountRange, bought, unknownAccount, unknownOwner, unknownAsset
    // Of postings, along an account.
    case linkVersion, linkBalance, linkOrder, linkRange, linkAsset
    // Of operations and their postings.
    case postingCount, misfit, systemSide, moment, unknownOperation, duplicateID, undoneTwice
    // Of reservations.
    case unreserved, unknownReserve, unclosed, closedTwice, notClosed, factoryShort
    // Of orders.
    case unordered, unknownPurchase, otherOrder, refunded
    // Of what there may be once only.
    case duplicateKey, duplicateAccount, duplicateAsset
    // Of grants to many.
    case grantCount
    // Of everything.
    case sum, guardMissing, guardChanged, refusalChanged
  }

  package let finding: Finding
  package let account: Int?
  package let operation: UUID?
  package let ordinal: Int?
  /// The kind of operation, or the place among several.
  package let place: String?
  package let found: String
  package let due: String

  /// Every check returns these columns: finding, account, operation, ordinal, place, found, due.
  package init(_ row: Row) throws {
    let word = try row.value(0, as: String.self)
    guard let finding = Finding(rawValue: word) else {
      throw PostgresError(reason: .mismatch, message: "no finding is called \(word)")
    }
    self.finding = finding
    account = try row.value(1)
    operation = try row.value(2)
    ordinal = try row.value(3)
    place = try row.value(4)
    found = try row.value(5, as: String?.self) ?? "nothing"
    due = try row.value(6, as: String?.self) ?? "nothing"
  }

  package var description: String { "\(subject): \(statement)" }

  private var subject: String {
    let posting = operation.map { "posting \(ordinal ?? 0) of operation \($0.text)" }
    return switch finding {
    case .balance, .version, .lastMove, .accountRange, .bought, .unknownAccount, .unknownOwner, .unknownAsset:
      "account \(account ?? 0)"
    case .linkVersion, .linkBalance, .linkOrder, .linkRange, .linkAsset:
      "account \(account ?? 0), \(posting ?? "")"
    case .misfit, .systemSide, .moment: posting ?? ""
    case .postingCount, .unknownOperation, .duplicateID, .undoneTwice, .unreserved: "operation \(operation?.text ?? "")"
    case .unordered, .unknownPurchase, .otherOrder, .refunded: "order \(operation?.text ?? "")"
    case .duplicateKey, .duplicateAccount, .duplicateAsset, .unknownReserve, .unclosed, .closedTwice, .notClosed,
      .factoryShort, .grantCount:
      place ?? ""
    case .sum: "asset \(place ?? "")"
    case .guardMissing, .guardChanged: "table \(place ?? "")"
    case .refusalChanged: "function \(place ?? "")"
    }
  }

  private var statement: String {
    switch finding {
    case .balance: "its balance is \(found), its postings add up to \(due)"
    case .version: "its version is \(found), its postings are \(due)"
    case .lastMove: "it moved last at \(found), its last posting is of \(due)"
    case .accountRange: "its balance is \(found), which must be \(due)"
    case .bought: "it says that \(found) were bought and kept, its orders say \(due)"
    case .unknownAccount: "there is no such account, but \(found) postings name it"
    case .unknownOwner: "its owner \(found) is not among the users"
    case .unknownAsset: "there is no asset \(found)"
    case .linkVersion: "its version is \(found), where \(due) is due"
    case .linkBalance: "it leaves \(found), where \(due) is due"
    case .linkOrder: "its moment \(found) is not after \(due)"
    case .linkRange: "it leaves \(found), which must be \(due)"
    case .linkAsset: "it moves asset \(found), the account holds asset \(due)"
    case .postingCount: "\(place ?? "") has \(found) postings, where \(due) are due"
    case .misfit: "it does not move what the \(place ?? "") says: \(found)"
    case .systemSide: "its system side is wrong: \(found)"
    case .moment: "it is of \(found), its operation of \(due)"
    case .unknownOperation: "there is no such operation, but \(found) postings name it"
    case .duplicateID: "there are \(found) of this id"
    case .undoneTwice: "\(found) operations have taken it back"
    case .duplicateAccount: "accounts \(found) are all of this owner, asset and section"
    case .duplicateAsset: "assets \(found) are all of this item, collection and quality level"
    case .duplicateKey: "there are \(found) operations of this owner, kind and key"
    case .unreserved: "it is done, but its reservation is missing"
    case .unknownReserve: "its operation \(found) is no done reserve of its owner, key and moment"
    case .unclosed: "it is active, but operation \(found) has closed it"
    case .closedTwice: "\(found) operations have closed it"
    case .notClosed: "it is \(found), but no operation has closed it so"
    case .factoryShort: "\(due) are set aside, but factory holds \(found)"
    case .unordered: "its purchase is done, but the order is missing"
    case .unknownPurchase: "no purchase of this id is done"
    case .otherOrder: "it is \(found), its purchase \(due)"
    case .refunded: "it is \(found), and its refund is \(due)"
    case .grantCount: "it has given coins to \(found) users, the ledger to \(due)"
    case .sum: "accounts hold \(found), the system's postings leave \(due)"
    case .guardMissing: "its trigger \(found) is missing or off"
    case .guardChanged: "its trigger \(found) no longer refuses every change"
    case .refusalChanged: "it is not what the migrations wrote, and may refuse no change"
    }
  }
}
