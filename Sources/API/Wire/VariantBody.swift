internal import HTTP
internal import Shop

extension [VariantDraft] {
  /// The member `variants` of a body.
  init(_ body: Reader, _ classifiers: Classifiers) {
    var seen: Set<[String?]> = []
    self = body.objects("variants", atMost: VariantDraft.most).map { row in
      let variant = VariantDraft(row, classifiers)
      let codes = [variant.collection?.code, variant.qualityLevel?.code]
      if row.isRightSoFar && !seen.insert(codes).inserted {
        row.complain("An earlier row has the same variant")
      }
      return variant
    }
  }
}

extension VariantDraft {
  fileprivate init(_ row: Reader, _ classifiers: Classifiers) {
    self.init(classifiers.named("collection", in: row), classifiers.named("quality_level", in: row))
    stock = row.nullable("stock") { try checkQuantity($0, atLeast: 0) }
    isActive = row.optional("is_active") ?? true
  }
}
