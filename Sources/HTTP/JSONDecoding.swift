extension Request {
  package enum UnknownMembers { case ignored, refused }

  /// The body as a Swift value. What is wrong with it is said with the place where it is wrong.
  package func decode<T: Decodable>(
    _ type: T.Type = T.self, unknownMembers: UnknownMembers = .refused
  ) throws(ShapeError) -> T {
    let json = try JSON(parsing: body)
    guard case .object = json else {
      throw ShapeError(["body"], "Input should be an object, not \(json.typeName)", .wrongType)
    }
    do {
      let decoder = ValueDecoder(json, at: ["body"], refusesUnknown: unknownMembers == .refused)
      let value = try T(from: decoder)
      try decoder.refuseLeftovers()
      return value
    } catch let error as ShapeError {
      throw error
    } catch {
      throw ShapeError(["body"], "Input cannot be read", .malformed)
    }
  }
}

/// Decodes a JSON value, and notes which members were asked for so that others can be refused.
private final class ValueDecoder: Decoder {
  let json: JSON
  let location: [String]
  let refusesUnknown: Bool
  var asked: Set<String> = []
  var isKeyed = false
  let codingPath: [any CodingKey] = []
  let userInfo: [CodingUserInfoKey: Any] = [:]

  init(_ json: JSON, at location: [String], refusesUnknown: Bool) {
    self.json = json
    self.location = location
    self.refusesUnknown = refusesUnknown
  }

  func container<Key>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let members) = json else { throw mistyped("an object") }
    isKeyed = true
    return KeyedDecodingContainer(Keyed<Key>(decoder: self, members: members))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let elements) = json else { throw mistyped("an array") }
    return Unkeyed(decoder: self, elements: elements)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(decoder: self) }

  func refuseLeftovers() throws {
    guard refusesUnknown, isKeyed, case .object(let members) = json else { return }
    if let extra = members.first(where: { !asked.contains($0.name) }) {
      throw ShapeError(location + [extra.name], "Extra inputs are not permitted", .unknown)
    }
  }

  func decode<T: Decodable>(_ value: JSON, at place: String, as type: T.Type) throws -> T {
    let inner = ValueDecoder(value, at: location + [place], refusesUnknown: refusesUnknown)
    let result = try T(from: inner)
    try inner.refuseLeftovers()
    return result
  }

  func mistyped(_ wanted: String) -> ShapeError {
    ShapeError(location, "Input should be \(wanted), not \(json.typeName)", .wrongType)
  }

  func read<T>(_ type: T.Type) throws -> T {
    switch (json, type) {
    case (.string(let text), is String.Type): return text as! T
    case (.bool(let flag), is Bool.Type): return flag as! T
    case (.integer(let integer), is Int.Type): return integer as! T
    case (.integer(let integer), is Double.Type): return Double(integer) as! T
    case (.number(let text), is Double.Type):
      guard let number = Double(text), number.isFinite else { throw mistyped("a finite number") }
      return number as! T
    case (_, is String.Type): throw mistyped("a string")
    case (_, is Bool.Type): throw mistyped("a boolean")
    case (.number, is Int.Type):
      throw ShapeError(location, "Input should be an integer within 64 bits", .wrongType)
    case (_, is Int.Type): throw mistyped("an integer")
    default: throw mistyped("\(T.self)")
    }
  }
}

private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: ValueDecoder
  let members: [JSON.Member]
  let codingPath: [any CodingKey] = []

  var allKeys: [Key] { members.compactMap { Key(stringValue: $0.name) } }

  func contains(_ key: Key) -> Bool {
    decoder.asked.insert(key.stringValue)
    return members.contains { $0.name == key.stringValue }
  }

  func decodeNil(forKey key: Key) throws -> Bool { try value(key) == .null }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try decoder.decode(value(key), at: key.stringValue, as: type)
  }

  private func value(_ key: Key) throws -> JSON {
    decoder.asked.insert(key.stringValue)
    guard let member = members.first(where: { $0.name == key.stringValue }) else {
      throw ShapeError(decoder.location + [key.stringValue], "Field required", .missing)
    }
    return member.value
  }

  func nestedContainer<Nested>(keyedBy type: Nested.Type, forKey key: Key) throws
    -> KeyedDecodingContainer<Nested>
  {
    try inner(key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try inner(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { decoder }
  func superDecoder(forKey key: Key) throws -> any Decoder { try inner(key) }

  private func inner(_ key: Key) throws -> ValueDecoder {
    ValueDecoder(
      try value(key), at: decoder.location + [key.stringValue], refusesUnknown: decoder.refusesUnknown)
  }
}

private struct Unkeyed: UnkeyedDecodingContainer {
  let decoder: ValueDecoder
  let elements: [JSON]
  let codingPath: [any CodingKey] = []
  var currentIndex = 0

  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex == elements.count }

  mutating func decodeNil() throws -> Bool {
    guard try peek() == .null else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
    let value = try decoder.decode(peek(), at: String(currentIndex), as: type)
    currentIndex += 1
    return value
  }

  mutating func nestedContainer<Nested>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
    try superDecoder().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try superDecoder().unkeyedContainer()
  }

  mutating func superDecoder() throws -> any Decoder {
    defer { currentIndex += 1 }
    return ValueDecoder(
      try peek(), at: decoder.location + [String(currentIndex)], refusesUnknown: decoder.refusesUnknown)
  }

  private func peek() throws -> JSON {
    guard !isAtEnd else { throw ShapeError(decoder.location, "Too few elements", .missing) }
    return elements[currentIndex]
  }
}

private struct Single: SingleValueDecodingContainer {
  let decoder: ValueDecoder
  let codingPath: [any CodingKey] = []

  func decodeNil() -> Bool { decoder.json == .null }

  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    switch type {
    case is String.Type, is Int.Type, is Bool.Type, is Double.Type: try decoder.read(type)
    default: try T(from: decoder)
    }
  }
}
