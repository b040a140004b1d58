internal import HTTP
package import Notation
package import Shop

/// An item and its variants as a command or a file names them, read under the rules of a request.
package struct ItemEntry: Sendable {
  package let draft: ItemDraft
  /// Nil: the list stays as it is.
  package let variants: [VariantDraft]?

  package init(_ members: [JSON.Member], isNew: Bool, _ classifiers: Classifiers) throws(ItemMistakes) {
    let body = Reader(members: members, refusesNulls: !isNew)
    draft = ItemDraft(body, isNew: isNew, classifiers)
    variants = body.has("variants") ? [VariantDraft](body, classifiers) : nil
    do { try body.finish() } catch { throw ItemMistakes(error) }
  }
}

/// All that is wrong with an item.
package struct ItemMistakes: Error, CustomStringConvertible {
  package struct Mistake: Sendable {
    /// The number of the variant in the list, from 0. Nil: the mistake is in the item itself.
    package let variant: Int?
    package let sentence: String
  }

  package let each: [Mistake]
  package var description: String { each.map(\.sentence).joined(separator: "; ") }

  fileprivate init(_ error: ShapeError) {
    each = error.complaints.map { complaint in
      var place = complaint.location.dropFirst()
      var variant: Int?
      if place.first == "variants", place.count > 1 {
        variant = Int(place[place.startIndex + 1])
        place = place.dropFirst(2)
      }
      return Mistake(variant: variant, sentence: (place + [complaint.message]).joined(separator: ": "))
    }
  }
}
