internal import FoundationEssentials
internal import HTTP
internal import Telemetry

/// A day of the calendar (UTC), as ISO 8601 writes it.
struct Day: TextReadable {
  /// Days since 1970.
  let number: Int

  static let readableName = "day such as 2026-01-31"
  static var today: Day { Day(number: Clock.unixSeconds / 86_400) }

  func adding(days: Int) -> Day { Day(number: number + days) }

  private static let calendar: Calendar = {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = TimeZone(secondsFromGMT: 0)!
    return calendar
  }()

  private init(number: Int) { self.number = number }

  init?(readingText text: String) {
    guard let match = text.wholeMatch(of: #/(\d{4})-(\d{2})-(\d{2})/#) else { return nil }
    let parts = DateComponents(year: Int(match.1), month: Int(match.2), day: Int(match.3))
    guard let date = Self.calendar.date(from: parts) else { return nil }
    self.init(number: Int((date.timeIntervalSince1970 / 86_400).rounded(.down)))
    // The calendar reads the 31st of February as the 3rd of March.
    guard self.text == text else { return nil }
  }

  var text: String {
    let parts = Self.calendar.dateComponents(
      [.year, .month, .day], from: Date(timeIntervalSince1970: Double(number) * 86_400))
    func padded(_ number: Int?, _ width: Int) -> String {
      let digits = String(number!)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    return "\(padded(parts.year, 4))-\(padded(parts.month, 2))-\(padded(parts.day, 2))"
  }
}
