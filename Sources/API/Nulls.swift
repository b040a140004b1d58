internal import HTTP
internal import Notation

extension Request {
  /// In a change, what is absent stays as it is; a null would have to mean something else, and mostly means nothing.
  func refuseNulls(except meaningful: Set<String> = []) throws {
    guard case .object(let members)? = try? JSON(parsing: body) else { return }
    if let odd = members.first(where: { $0.value == .null && !meaningful.contains($0.name) }) {
      throw ShapeError(["body", odd.name], "Input should not be null", .wrongType)
    }
  }
}
