internal import Notation

/// Reading of names from a body. A refusal keeps its own sentence.
extension Username: Decodable {
  package init(from decoder: any Decoder) throws { self = try decoder.reading(Self.init(_:)) }
}

extension EmailAddress: Decodable {
  package init(from decoder: any Decoder) throws { self = try decoder.reading(Self.init(_:)) }
}

extension FullName: Decodable {
  package init(from decoder: any Decoder) throws { self = try decoder.reading(Self.init(_:)) }
}

extension Role: Decodable {
  package init(from decoder: any Decoder) throws {
    guard let role = Role(spelled: try decoder.singleValueContainer().decode(String.self)) else {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "no role"))
    }
    self = role
  }
}

extension Decoder {
  fileprivate func reading<T>(_ make: (String) throws -> T) throws -> T {
    let text = try singleValueContainer().decode(String.self)
    do {
      return try make(text)
    } catch {
      throw DecodingError.dataCorrupted(.init(codingPath: codingPath, debugDescription: "", underlyingError: error))
    }
  }
}
