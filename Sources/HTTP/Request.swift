// Knows requests, answers, routes and JSON as values. Refuses to know sockets, FastCGI and SQL.

/// One request, copied out of the wire and complete.
package struct Request: Sendable {
  /// Nil for a method that no route can have.
  package var method: Method?
  /// The path as it was sent, still percent-encoded, without the query.
  package var path: String
  package var query: Query
  /// What stood in the braces of the route's template.
  package var parameters = PathParameters()
  package var headers: Headers
  package var body: [UInt8]
  package var clientAddress: String
  /// Which of nginx's ports was asked: public, login or metrics.
  package var listener: String
  package var id: String
  /// The one header that nginx says is its own, whatever the client sent under that name; empty: none is.
  package var vouchedHeader = ""
  /// When nginx took the request, in milliseconds since 1970; nil if nginx did not say.
  package var arrivedMilliseconds: Int?

  package init(
    _ method: Method?, _ target: String, headers: Headers = Headers(), body: [UInt8] = [],
    clientAddress: String = "", listener: String = "public", id: String = "", arrivedMilliseconds: Int? = nil
  ) {
    self.method = method
    // Looked for among the bytes: to `String` a mark with a combining character behind it is another character.
    if let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) {
      path = String(target[..<mark])
      query = Query(target[target.utf8.index(after: mark)...])
    } else {
      path = target
      query = Query("")
    }
    self.headers = headers
    self.body = body
    self.clientAddress = clientAddress
    self.listener = listener
    self.id = id
    self.arrivedMilliseconds = arrivedMilliseconds
  }
}

/// Header fields by name, without regard to the case of ASCII. There are few, so they are simply searched.
package struct Headers: Sendable, ExpressibleByDictionaryLiteral {
  package private(set) var fields: [(name: String, value: String)] = []
  /// The names of those that came with a value that is no text.
  private var unreadable: [String] = []

  package init() {}

  package init(dictionaryLiteral elements: (String, String)...) {
    for (name, value) in elements { add(name, value) }
  }

  package mutating func add(_ name: String, _ value: String) { fields.append((Self.folded(name), value)) }

  /// With its name as FastCGI spells it behind HTTP_: `ACCEPT_LANGUAGE`. Nil is a value that is no text.
  package mutating func add(parameter name: Slice<UnsafeRawBufferPointer>, _ value: String?) {
    let folded = String(unsafeUninitializedCapacity: name.count) { buffer in
      for (index, byte) in name.enumerated() {
        buffer[index] = byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : Self.folded(byte)
      }
      return name.count
    }
    if let value { fields.append((folded, value)) } else { unreadable.append(folded) }
  }

  package mutating func remove(_ name: String) {
    let wanted = Self.folded(name)
    fields.removeAll { $0.name.utf8.elementsEqual(wanted.utf8) }
  }

  package subscript(name: String) -> String? {
    let wanted = Self.folded(name)
    return fields.first { $0.name.utf8.elementsEqual(wanted.utf8) }?.value
  }

  /// Whether a value begins so, without regard to the case of ASCII. By bytes: `hasPrefix` normalises all of the value.
  package func begins(_ name: String, with prefix: String) -> Bool {
    guard let value = self[name] else { return false }
    return value.utf8.lazy.map(Self.folded).starts(with: prefix.utf8.lazy.map(Self.folded))
  }

  /// For what a request hangs on: a condition or a key that cannot be read must not be taken for none.
  package func readable(_ name: String) throws(ShapeError) -> String? {
    let wanted = Self.folded(name)
    guard !unreadable.contains(where: { $0.utf8.elementsEqual(wanted.utf8) }) else {
      throw ShapeError(["header", name], "Value cannot be decoded as UTF-8", .malformed)
    }
    return self[name]
  }

  /// `lowercased()` would make a k of a Kelvin sign.
  private static func folded(_ name: String) -> String { String(decoding: name.utf8.map(folded), as: UTF8.self) }

  private static func folded(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
