internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Ledger
internal import Tokens

/// A client names its operation by a key, so that it can safely ask twice.
extension Request {
  /// As the ledger keeps it: a UUID as it is, any other text by its digest.
  func idempotencyKey() throws -> UUID? {
    guard let text = try headers.readable("Idempotency-Key") else { return nil }
    guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
      throw IdempotencyRefusal.malformed
    }
    return UUID(uuidString: text) ?? UUID(digesting: text)
  }

  func requiredIdempotencyKey() throws -> UUID {
    guard let key = try idempotencyKey() else { throw IdempotencyRefusal.missing }
    return key
  }

  func intent(of caller: Caller, key: UUID?) -> Intent {
    Intent(owner: caller.id, key: key, requestID: id)
  }
}

extension Response {
  /// Marks the answer to a repeated request.
  func marked(_ isReplay: Bool) -> Response { isReplay ? with("Idempotent-Replayed", "true") : self }
}

enum IdempotencyRefusal: Error {
  case missing, malformed
}
