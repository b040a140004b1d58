internal import HTTP
internal import Identity
internal import Shop

/// The largest integer that every JSON reader keeps exact.
let largestQuantity = 1 << 53 - 1

extension ItemDraft {
  /// A null in place of a number has a meaning of its own: not for sale, unlimited, or no limit and no mark.
  init(_ body: Reader, isNew: Bool, _ classifiers: Classifiers) {
    self.init()
    if isNew {
      code = body.text("code", 1...100) { try checkCode($0) }
    } else if body.optional("code", as: String.self) != nil {
      body.complain("code", "The code of an item does not change")
    }
    name = body.text("name", 1...200, isRequired: isNew) { try NameRule.requireVisible($0) }
    description = body.text("description", 0...5000)
    price = body.nullable("price", isRequired: isNew) { try checkQuantity($0, atLeast: 1) }
    stock = body.nullable("stock") { try checkQuantity($0, atLeast: 0) }
    limitPerPerson = body.nullable("limit_per_person") { try checkQuantity($0, atLeast: 1) }
    lowStockAt = body.nullable("low_stock_at") { try checkQuantity($0, atLeast: 0) }
    handOver = body.optional("hand_over")
    isActive = body.optional("is_active")
    classify(body, isNew, classifiers)
    collections = classifiers.find("collection", "collections", body)
    qualityLevels = classifiers.find("quality_level", "quality_levels", body)
  }

  private mutating func classify(_ body: Reader, _ isNew: Bool, _ classifiers: Classifiers) {
    let (classCode, typeCode) = (body.optional("class", as: String.self), body.optional("type", as: String.self))
    // A type belongs to its class, so one does not change without the other.
    if !isNew && body.has("class") != body.has("type") {
      body.complain(body.has("class") ? "type" : "class", "class and type change together")
    }
    if let code = classCode ?? (isNew && !body.has("class") ? "merch" : nil) {
      `class` = classifiers.find("item_class", code)
      if `class` == nil { body.complain("class", "There is no such item_class") }
    }
    guard let `class` else { return }
    if let typeCode {
      type = classifiers.find("item_type", typeCode, of: `class`.id)
      if type == nil { body.complain("type", "There is no such type in this class") }
    } else if isNew {
      type = classifiers.usualType(of: `class`)
      if type == nil { body.complain("type", "Field required", .missing) }
    }
  }
}

extension Classifiers {
  /// The classifiers that a member lists. The standard variant is left out, because every item has it.
  fileprivate func find(_ kind: String, _ member: String, _ body: Reader) -> [Classifier]? {
    guard let codes = body.optional(member, as: [String].self) else { return nil }
    let found = codes.lazy.filter { !$0.isBase }.map { self.find(kind, $0) }
    if found.contains(nil) { body.complain(member, "There is no such \(kind)") }
    return found.compactMap { $0 }
  }
}

/// A code is part of paths.
private func checkCode(_ text: String) throws {
  guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
    throw ShapeError(["body", "code"], "Input should have printable ASCII characters only, and no blanks", .malformed)
  }
}

private struct OutOfRange: Error, CustomStringConvertible {
  let least: Int
  var description: String { "Input should be from \(least) to \(largestQuantity)" }
}

func checkQuantity(_ quantity: Int, atLeast least: Int) throws {
  guard (least...largestQuantity).contains(quantity) else { throw OutOfRange(least: least) }
}
