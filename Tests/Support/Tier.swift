internal import FoundationEssentials
package import Testing

/// A name under which `bin/test` runs some of the tests.
package enum Tier: String, Sendable, CaseIterable {
  case unit, integration, database, api, e2e, smoke, security, concurrency, faults, slow
  /// Those of bin/fuzz, which are no tests of Swift Testing.
  case fuzz

  /// The tiers that TUCKSHOP_TIERS names, separated by commas; nil, and so all of them, when it names none.
  static let wanted: Set<Tier>? = {
    let words = (ProcessInfo.processInfo.environment["TUCKSHOP_TIERS"] ?? "").split(separator: ",")
    if words.isEmpty { return nil }
    return Set(
      words.map { word in
        guard let tier = Tier(rawValue: String(word)) else { fatalError("TUCKSHOP_TIERS: there is no tier \(word)") }
        return tier
      })
  }()
}

/// The tiers of a suite or of a test. A test belongs to its own and to those of its suite, and is skipped when none of
/// them is wanted.
package struct Tiers: SuiteTrait, TestTrait {
  let tiers: Set<Tier>

  /// Hands the trait on from a suite to its tests. The suite itself is never skipped, for one of its tests may belong to
  /// a tier that the suite does not.
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
