internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Ledger
internal import Postgres
internal import Shop
internal import Tokens

extension Context {
  /// What the draft says of the shop's stock, as an operation of the ledger.
  func stock(
    _ draft: ItemDraft, of item: UUID, by caller: Caller, _ request: Request, on connection: borrowing Connection
  ) throws {
    guard let stock = draft.stock, let quantity = stock else { return }
    try Inventory.setStock(item, quantity, .timeOrdered(), by: caller.id, requestID: request.id, on: connection)
  }
}
