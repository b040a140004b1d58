package import Testing

/// The tiers. `bin/test unit` runs the tests that carry that tag's name.
extension Tag {
  @Tag package static var unit: Self
  @Tag package static var integration: Self
  @Tag package static var database: Self
  @Tag package static var api: Self
  @Tag package static var e2e: Self
  @Tag package static var smoke: Self
  @Tag package static var security: Self
  @Tag package static var concurrency: Self
  @Tag package static var faults: Self
  @Tag package static var slow: Self
}
