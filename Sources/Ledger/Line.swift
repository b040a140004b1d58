package import FoundationEssentials

/// A quantity of one variant of an item. No collection and no quality level is the standard variant.
package struct Line: Sendable {
  package let item: UUID
  package let collection: UUID?
  package let qualityLevel: UUID?
  package let quantity: Int

  package init(item: UUID, collection: UUID?, qualityLevel: UUID?, quantity: Int) {
    self.item = item
    self.collection = collection
    self.qualityLevel = qualityLevel
    self.quantity = quantity
  }
}

extension [Line] {
  /// The format of the ledger's functions. It holds only ids and numbers, so nothing needs escaping.
  var json: String {
    let lines = map { line in
      func id(_ id: UUID?) -> String { id.map { "\"\($0.uuidString.lowercased())\"" } ?? "null" }
      return """
        {"item":\(id(line.item)),"collection":\(id(line.collection)),"level":\(id(line.qualityLevel)),\
        "quantity":\(line.quantity)}
        """
    }
    return "[" + lines.joined(separator: ",") + "]"
  }
}
