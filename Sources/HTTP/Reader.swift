package import Notation

/// Reads a request piece by piece and collects every mistake, so that the answer names all of them at once. A value is
/// nil if it is absent or wrong; `finish` throws if any was wrong.
package final class Reader {
  private var members: [JSON.Member] = []
  private var refusesNulls = false
  private var isAsked: [Bool] = []
  private var complaints: [ShapeError.Complaint] = []
  private let place: [String]
  /// The readers of the objects in lists.
  private var parts: [Reader] = []

  /// For a query.
  package init() { place = ["body"] }

  /// In a change, an absent member stays as it is, and a null has no meaning, so `refusesNulls` refuses it.
  package convenience init(bodyOf request: Request, refusesNulls: Bool = false) throws(ShapeError) {
    self.init(members: try request.members(), refusesNulls: refusesNulls)
  }

  /// The members of a body that was read already.
  package convenience init(members: [JSON.Member], refusesNulls: Bool = false) {
    self.init(members, at: ["body"])
    self.refusesNulls = refusesNulls
  }

  private init(_ members: [JSON.Member], at place: [String]) {
    (self.members, self.place) = (members, place)
    isAsked = Array(repeating: false, count: members.count)
  }

  package func require<T: Decodable>(
    _ name: String, as type: T.Type = T.self, _ check: (T) throws -> Void = { _ in }
  ) -> T? {
    guard let member = member(name) else {
      complain(name, "Field required", .missing)
      return nil
    }
    return read(member, check)
  }

  /// A null is nil too, unless nulls are refused.
  package func optional<T: Decodable>(
    _ name: String, as type: T.Type = T.self, _ check: (T) throws -> Void = { _ in }
  ) -> T? {
    guard let member = member(name) else { return nil }
    guard member.value == .null else { return read(member, check) }
    if refusesNulls { complain(name, "Input should not be null", .wrongType) }
    return nil
  }

  /// For a member whose null has a meaning: the outer nil is absent or wrong, the inner nil is null.
  package func nullable<T: Decodable>(
    _ name: String, as type: T.Type = T.self, isRequired: Bool = false, _ check: (T) throws -> Void = { _ in }
  ) -> T?? {
    guard let member = member(name) else {
      if isRequired { complain(name, "Field required", .missing) }
      return nil
    }
    return member.value == .null ? .some(nil) : read(member, check).map { .some($0) }
  }

  /// A required list of objects. Each has a reader of its own, which finishes together with this one.
  package func objects(_ name: String, atMost most: Int) -> [Reader] {
    let readers = (elements(name, 0...most) ?? []).enumerated().map { index, element in
      let place = place + [name, String(index)]
      guard case .object(let members) = element else {
        let reader = Reader([], at: place)
        reader.complain("Input should be an object, not \(element.typeName)", .wrongType)
        return reader
      }
      return Reader(members, at: place)
    }
    parts += readers
    return readers
  }

  /// A required list of values; nil if any is wrong. Of wrong ones it names a limited number, because a small body has
  /// room for thousands, and the answer would be many times as large.
  package func list<T: Decodable>(_ name: String, of type: T.Type, _ count: ClosedRange<Int>) -> [T]? {
    guard let elements = elements(name, count) else { return nil }
    var values: [T] = []
    var wrong = 0
    for (index, element) in elements.enumerated() where wrong < Self.mostUnknownMembers {
      let member = JSON.Member(name: String(index), value: element)
      if let value = note(try member.read(as: type, at: place + [name])) { values.append(value) } else { wrong += 1 }
    }
    return wrong == 0 ? values : nil
  }

  private func elements(_ name: String, _ count: ClosedRange<Int>) -> [JSON]? {
    guard let member = member(name) else {
      complain(name, "Field required", .missing)
      return nil
    }
    guard case .array(let elements) = member.value else {
      complain(name, "Input should be an array, not \(member.value.typeName)", .wrongType)
      return nil
    }
    guard count.contains(elements.count) else {
      let least = count.lowerBound > 0 ? "\(count.lowerBound) to" : "at most"
      complain(name, "Input should have \(least) \(count.upperBound) elements")
      return nil
    }
    return elements
  }

  /// `length` counts characters. Bytes are counted first, because counting characters takes longer.
  package func text(
    _ name: String, _ length: ClosedRange<Int>, isRequired: Bool = false, _ check: (String) throws -> Void = { _ in }
  ) -> String? {
    func checkAll(_ text: String) throws {
      guard text.utf8.count <= 4 * length.upperBound, length.contains(text.unicodeScalars.count) else {
        let bounds =
          length.lowerBound > 0 ? "\(length.lowerBound) to \(length.upperBound)" : "at most \(length.upperBound)"
        throw ShapeError(place + [name], "Input should have \(bounds) characters", .malformed)
      }
      try check(text)
    }
    return isRequired ? require(name, checkAll) : optional(name, checkAll)
  }

  /// Whether there is such a member that is not null; its value may be wrong.
  package func has(_ name: String) -> Bool { find(name).map { members[$0].value != .null } ?? false }

  /// Collects the mistakes of another part of the request; nil if there are any.
  package func note<T>(_ reading: @autoclosure () throws(ShapeError) -> T?) -> T? {
    do {
      return try reading()
    } catch {
      complaints += error.complaints
      return nil
    }
  }

  package func complain(_ name: String, _ message: String, _ kind: ShapeError.Kind = .malformed) {
    complaints.append(.init(location: place + [name], message: message, kind: kind))
  }

  /// The object as a whole is wrong, not one of its members.
  package func complain(_ message: String, _ kind: ShapeError.Kind = .malformed) {
    complaints.append(.init(location: place, message: message, kind: kind))
  }

  /// A small body has room for thousands of unknown members, and the answer would be many times as large.
  private static let mostUnknownMembers = 50

  /// Throws if anything was wrong, or if the body has unknown members.
  package func finish() throws(ShapeError) {
    let all = mistakes + unknown.prefix(Self.mostUnknownMembers)
    guard all.isEmpty else { throw ShapeError(all) }
  }

  package var isRightSoFar: Bool { complaints.isEmpty }

  private var mistakes: [ShapeError.Complaint] { complaints + parts.flatMap(\.mistakes) }

  private var unknown: [ShapeError.Complaint] {
    zip(members, isAsked).filter { !$0.1 }.map { member, _ in
      .init(location: place + [member.name], message: "Extra inputs are not permitted", kind: .unknown)
    } + parts.flatMap(\.unknown)
  }

  /// Finishes, and returns the required values, which are there now.
  package func finish<each T>(_ values: repeat (each T)?) throws(ShapeError) -> (repeat each T) {
    try finish()
    return (repeat (each values)!)
  }

  /// Compared as bytes, because different names can be equal as `String`.
  private func find(_ name: String) -> Int? { members.firstIndex { $0.name.utf8.elementsEqual(name.utf8) } }

  private func member(_ name: String) -> JSON.Member? {
    guard let index = find(name) else { return nil }
    isAsked[index] = true
    return members[index]
  }

  private func read<T: Decodable>(_ member: JSON.Member, _ check: (T) throws -> Void) -> T? {
    do {
      let value = try member.read(as: T.self, at: place)
      try check(value)
      return value
    } catch let error as ShapeError {
      complaints += error.complaints
    } catch {
      complain(member.name, "\(error)")
    }
    return nil
  }
}
