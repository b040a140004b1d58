extension String {
  /// `==` takes two texts for equal that are only canonically equivalent, and so two names, ids or issuers for one.
  func hasSameBytes(as other: String) -> Bool {
    utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
  }
}
