import Ledger
import Support
import Testing

@Suite(.tiers(.unit))
struct InstantTests {
  @Test(arguments: [
    "2026-01-31T12:00:00Z", "2026-01-31 12:00:00z", "2024-02-29t23:59:59.123456789+14:59", "0001-01-01T00:00:00-00:00",
    "9999-12-31T23:59:59Z", "2000-02-29T00:00:00Z",
  ])
  func `a time with its zone is read as it is written`(text: String) {
    #expect(Instant(text)?.text == text)
  }

  @Test(arguments: [
    "", "now", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00Z", "0000-01-01T00:00:00Z", "2026-13-01T00:00:00Z",
    "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z",
    "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00+15:00",
    "2026-01-01T00:00:00+01:60", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z", " 2026-01-01T00:00:00Z",
  ])
  func `an invalid time is refused`(text: String) {
    #expect(Instant(text) == nil)
  }

  @Test(
    .tiers(.security),
    arguments: [
      "٢٠٢٦-٠١-٠١T٠٠:٠٠:٠٠Z", "２０２６-01-01T00:00:00Z", "2026-01-01T00:00:00.٠Z", "2026-01-01T00:00:00+٠1:00",
      "2026-01-0𝟙T00:00:00Z", "2026-01-01\u{301}T00:00:00Z",
    ])
  func `digits of other scripts are refused without a crash`(text: String) {
    #expect(Instant(text) == nil)
  }
}
