import HTTP
import Support
import Testing

/// Compares the tree with the simplest correct search: all templates, one after the other.
@Suite(.tiers(.unit))
struct RouterSearchTests {
  private typealias Template = [String?]  // nil is a parameter

  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func `the tree finds the same route as a search through all templates`(seed: UInt64) {
    var generator = Seeded(seed)
    let templates = Set((0..<Int.random(in: 1...25, using: &generator)).map { _ in template(&generator) })
    var router = Router<String>()
    for template in templates { router.add(.get, text(template), text(template)) }

    for _ in 0..<50 {
      let path = (0..<Int.random(in: 1...5, using: &generator)).map { _ in
        ["a", "b", "c", "%61", ""].randomElement(using: &generator)!
      }
      let segments = path.map { $0 == "%61" ? "a" : $0 }
      let best = templates.filter { fits($0, segments) }.min(by: literalsFirst)
      let due = best.map { best in
        Outcome.found(text(best), zip(best, segments).filter { $0.0 == nil }.map(\.1))
      }
      #expect(Outcome(router, .get, "/" + path.joined(separator: "/")) == due ?? .unknown)
    }
  }

  private func template(_ generator: inout Seeded) -> Template {
    (0..<Int.random(in: 1...5, using: &generator)).map { _ in
      ["a", "b", nil].randomElement(using: &generator)!
    }
  }

  private func text(_ template: Template) -> String {
    template.enumerated().map { "/" + ($1 ?? "{p\($0)}") }.joined()
  }

  private func fits(_ template: Template, _ segments: [String]) -> Bool {
    template.count == segments.count && zip(template, segments).allSatisfy { $0 == nil ? !$1.isEmpty : $0 == $1 }
  }

  private func literalsFirst(_ one: Template, _ other: Template) -> Bool {
    one.map { $0 == nil ? 1 : 0 }.lexicographicallyPrecedes(other.map { $0 == nil ? 1 : 0 })
  }
}
