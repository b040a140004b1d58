internal import FoundationEssentials
package import Testing

/// A group of tests that `bin/test` runs by name.
package enum Tier: String, Sendable, CaseIterable {
  case unit, integration, database, api, e2e, page, smoke, security, concurrency, faults, slow
  /// The fuzzers of bin/fuzz, which are not Swift Testing tests.
  case fuzz

  /// The tiers in TUCKSHOP_TIERS, separated by blanks or commas; nil, which means all of them, if the variable is empty.
  static let wanted: Set<Tier>? = {
    let words = (ProcessInfo.processInfo.environment["TUCKSHOP_TIERS"] ?? "").split { " ,".contains($0) }
    if words.isEmpty { return nil }
    return Set(
      words.map { word in
        guard let tier = Tier(rawValue: String(word)) else { fatalError("TUCKSHOP_TIERS: there is no tier \(word)") }
        return tier
      })
  }()
}

/// The tiers of a suite or of a test. A test has its own tiers and those of its suite, and is skipped if none of them
/// is selected.
package struct Tiers: SuiteTrait, TestTrait {
  let tiers: Set<Tier>

  /// Tests inherit the trait from their suite. The suite itself is never skipped, because one of its tests may have a
  /// tier that the suite lacks.
  package var isRecursive: Bool { true }

  package func prepare(for test: Test) async throws {
    guard let wanted = Tier.wanted, !test.isSuite else { return }
    let own = test.traits.compactMap { $0 as? Tiers }.reduce(into: Set<Tier>()) { $0.formUnion($1.tiers) }
    let condition: ConditionTrait = .disabled(if: own.isDisjoint(with: wanted), "not in the tiers wanted")
    try await condition.prepare(for: test)
  }
}

extension Trait where Self == Tiers {
  package static func tiers(_ tiers: Tier...) -> Self { Tiers(tiers: Set(tiers)) }
}
