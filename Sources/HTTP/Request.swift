// Knows requests, answers, routes and JSON as values. Refuses to know sockets, FastCGI and SQL.

/// One complete request, copied off the wire.
package struct Request: Sendable {
  /// Nil for a method that no route can have.
  package var method: Method?
  /// The path as it was sent, still percent-encoded, without the query.
  package var path: String
  package var query: Query
  package var parameters = PathParameters()
  package var headers: Headers
  package var body: [UInt8]
  package var clientAddress: String
  /// The port of nginx that received it: public, login or metrics.
  package var listener: String
  package var id: String
  /// The name of the header that nginx set itself, whatever the client sent under that name; empty if there is none.
  package var vouchedHeader = ""
  /// The time when nginx took the request, in milliseconds since 1970; nil if nginx did not tell.
  package var arrivedMilliseconds: Int?

  package init(
    _ method: Method?, _ target: String, headers: Headers = Headers(), body: [UInt8] = [],
    clientAddress: String = "", listener: String = "public", id: String = "", arrivedMilliseconds: Int? = nil
  ) {
    self.method = method
    // Searched as bytes, because a mark and a combining character behind it are one other character to `String`.
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

  /// The fields of a form's body; nil if the body is something else.
  package var form: Query? {
    guard headers.begins("Content-Type", with: "application/x-www-form-urlencoded"),
      let text = String(validating: body, as: UTF8.self)
    else { return nil }
    return Query(text[...])
  }
}

/// The methods that requests can have. Any other method is answered 405, and so is OPTIONS, which no route has, unless a
/// page of another origin asks by it what it may send.
package enum Method: String, Sendable, CaseIterable {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case put = "PUT"
  case patch = "PATCH"
  case delete = "DELETE"
  case options = "OPTIONS"
}

/// Header fields by name, without regard to the case of ASCII. There are few, so a linear search is enough.
package struct Headers: Sendable, ExpressibleByDictionaryLiteral {
  package private(set) var fields: [(name: String, value: String)] = []
  /// The names of fields whose value is not text.
  private var unreadable: [String] = []

  package init() {}

  package init(dictionaryLiteral elements: (String, String)...) {
    for (name, value) in elements { add(name, value) }
  }

  package mutating func add(_ name: String, _ value: String) { fields.append((Self.folded(name), value)) }

  /// The name is spelt as FastCGI does behind HTTP_: `ACCEPT_LANGUAGE`. Nil is a value that is not text.
  package mutating func add(parameter name: Slice<UnsafeRawBufferPointer>, _ value: String?) {
    let folded = String(unsafeUninitializedCapacity: name.count) { buffer in
      for (index, byte) in name.enumerated() {
        buffer[index] = byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : Self.folded(byte)
      }
      return name.count
    }
    if let value { fields.append((folded, value)) } else { unreadable.append(folded) }
  }

  package subscript(name: String) -> String? {
    let wanted = Self.folded(name)
    return fields.first { $0.name.utf8.elementsEqual(wanted.utf8) }?.value
  }

  /// Ignores the case of ASCII. Compares bytes, because `hasPrefix` normalises the whole value.
  package func begins(_ name: String, with prefix: String) -> Bool {
    guard let value = self[name] else { return false }
    return value.utf8.lazy.map(Self.folded).starts(with: prefix.utf8.lazy.map(Self.folded))
  }

  /// For conditions and keys: one that cannot be read must not count as absent.
  package func readable(_ name: String) throws(ShapeError) -> String? {
    let wanted = Self.folded(name)
    guard !unreadable.contains(where: { $0.utf8.elementsEqual(wanted.utf8) }) else {
      throw ShapeError(["header", name], "Value cannot be decoded as UTF-8", .malformed)
    }
    return self[name]
  }

  /// `lowercased()` would turn a Kelvin sign into a k.
  private static func folded(_ name: String) -> String { String(decoding: name.utf8.map(folded), as: UTF8.self) }

  private static func folded(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
