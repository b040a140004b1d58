internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Postgres
internal import Shop
extension Context {
  func stock(
    _ draft: ItemDraft, of id: UUID, by caller: Caller, _ request: Request, on connection: borrowing Connection
  ) throws {}
}
