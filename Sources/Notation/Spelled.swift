extension CaseIterable where Self: RawRepresentable, RawValue == String {
  /// The case that is spelled just like this. `init(rawValue:)` compares by meaning, which normalises: 30 KB of combining
  /// marks cost it 0.4 s.
  package init?(spelled text: String) {
    guard let found = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(text.utf8) }) else { return nil }
    self = found
  }
}
