internal import Notation

extension Request {
  package enum UnknownMembers { case ignored, refused }

  /// The body as a Swift value. The error names the first mistake and its place. A `Reader` names every mistake.
  package func decode<T: Decodable>(
    _ type: T.Type = T.self, unknownMembers: UnknownMembers = .refused
  ) throws(ShapeError) -> T {
    let json = JSON.object(try members())
    return try ValueDecoder(json, at: ["body"], refusesUnknown: unknownMembers == .refused).whole(type)
  }

  /// The members of the body, which must be an object.
  func members() throws(ShapeError) -> [JSON.Member] {
    let json: JSON
    do { json = try JSON(parsing: body) } catch { throw ShapeError(["body"], error.message, .notJSON) }
    guard case .object(let members) = json else {
      throw ShapeError(["body"], "Input should be an object, not \(json.typeName)", .wrongType)
    }
    return members
  }
}

extension JSON.Member {
  /// The value. Members that nothing read are refused.
  func read<T: Decodable>(as type: T.Type, at place: [String]) throws(ShapeError) -> T {
    try ValueDecoder(value, at: place + [name], refusesUnknown: true).whole(type)
  }
}

/// Decodes a JSON value, and remembers which members were read, so that others can be refused. It remembers them by
/// index, because different names can be equal as `String`.
private final class ValueDecoder: Decoder {
  let json: JSON
  let location: [String]
  let refusesUnknown: Bool
  var asked: Set<Int> = []
  /// Members that the type decoded through a nested container.
  var opened: [Int: ValueDecoder] = [:]
  let codingPath: [any CodingKey] = []
  let userInfo: [CodingUserInfoKey: Any] = [:]

  init(_ json: JSON, at location: [String], refusesUnknown: Bool) {
    self.json = json
    self.location = location
    self.refusesUnknown = refusesUnknown
  }

  func container<Key>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let members) = json else { throw mistyped("an object") }
    return KeyedDecodingContainer(Keyed<Key>(decoder: self, members: members))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let elements) = json else { throw mistyped("an array") }
    return Unkeyed(decoder: self, elements: elements)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(decoder: self) }

  /// The value, and an error with this place for everything else that its type's own init throws.
  func whole<T: Decodable>(_ type: T.Type) throws(ShapeError) -> T {
    do {
      let value = try T(from: self)
      if refusesUnknown { try refuseLeftovers() }
      return value
    } catch let error as ShapeError {
      throw error
    } catch {
      // The underlying error holds the type's own words.
      if case DecodingError.dataCorrupted(let context) = error, let reason = context.underlyingError {
        throw ShapeError(location, "\(reason)", .malformed)
      }
      let name = (type as? any TextReadable.Type)?.readableName
      throw ShapeError(
        location, name.map { "Input should be a valid \($0)" } ?? "Input is none of the values allowed here", .malformed
      )
    }
  }

  private func refuseLeftovers() throws {
    for (_, inner) in opened.sorted(by: { $0.key < $1.key }) { try inner.refuseLeftovers() }
    guard case .object(let members) = json else { return }
    if let extra = members.indices.first(where: { !asked.contains($0) }) {
      throw ShapeError(location + [members[extra].name], "Extra inputs are not permitted", .unknown)
    }
  }

  func decode<T: Decodable>(_ value: JSON, at place: String, as type: T.Type) throws -> T {
    try ValueDecoder(value, at: location + [place], refusesUnknown: refusesUnknown).whole(type)
  }

  func open(_ value: JSON, _ index: Int, at place: String) -> ValueDecoder {
    if let known = opened[index] { return known }
    let inner = ValueDecoder(value, at: location + [place], refusesUnknown: refusesUnknown)
    opened[index] = inner
    return inner
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
    case (.integer(let integer), let kind as any FixedWidthInteger.Type):
      guard let exact = kind.init(exactly: integer) else {
        throw ShapeError(location, "Input should be an integer from \(kind.min) to \(kind.max)", .wrongType)
      }
      return exact as! T
    case (_, is any FixedWidthInteger.Type): throw mistyped("an integer")
    case (_, is Double.Type): throw mistyped("a number")
    case (_, let kind as any BinaryFloatingPoint.Type): return kind.init(try read(Double.self)) as! T
    default: preconditionFailure("\(T.self) is not read here")
    }
  }
}

private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: ValueDecoder
  let members: [JSON.Member]
  let codingPath: [any CodingKey] = []

  var allKeys: [Key] { members.compactMap { Key(stringValue: $0.name) } }

  func contains(_ key: Key) -> Bool { index(of: key) != nil }

  func decodeNil(forKey key: Key) throws -> Bool { try members[required(key)].value == .null }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try decoder.decode(members[required(key)].value, at: key.stringValue, as: type)
  }

  private func required(_ key: Key) throws -> Int {
    guard let index = index(of: key) else {
      throw ShapeError(decoder.location + [key.stringValue], "Field required", .missing)
    }
    return index
  }

  private func index(of key: Key) -> Int? {
    let index = members.firstIndex { $0.name.utf8.elementsEqual(key.stringValue.utf8) }
    if let index { decoder.asked.insert(index) }
    return index
  }

  func nestedContainer<Nested>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested> {
    try inner(key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try inner(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { decoder }
  func superDecoder(forKey key: Key) throws -> any Decoder { try inner(key) }

  private func inner(_ key: Key) throws -> ValueDecoder {
    let index = try required(key)
    return decoder.open(members[index].value, index, at: key.stringValue)
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
    return decoder.open(try peek(), currentIndex, at: String(currentIndex))
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
    // The initialisers of these types would call this container again, without end.
    case is String.Type, is Bool.Type, is any FixedWidthInteger.Type, is any BinaryFloatingPoint.Type:
      try decoder.read(type)
    default: try T(from: decoder)
    }
  }
}
