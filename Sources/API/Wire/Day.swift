internal import HTTP
internal import Ledger
internal import Telemetry

/// A day of the calendar (UTC), as ISO 8601 writes it. It is Gregorian for all times, as in PostgreSQL; Foundation's
/// calendar is Julian before 1582.
struct Day: TextReadable {
  /// Days since 1970.
  let number: Int

  static let readableName = "day such as 2026-01-31"
  static var today: Day { Day(number: Clock.unixSeconds / 86_400) }

  /// A year before 1 cannot be written in four digits.
  private static let first = Day(year: 1, month: 1, day: 1)

  /// The most days that a list of days shows, unless it says otherwise.
  static let mostInRange = 366

  static func rangeRule(most: Int = mostInRange) -> String {
    "from and to are days such as 2026-01-31, at most \(most) of them, in this order."
  }

  func begins(rangeTo last: Day, most: Int = mostInRange) -> Bool {
    number <= last.number && last.number - number < most
  }

  func adding(days: Int) -> Day { Day(number: max(number + days, Self.first.number)) }

  init?(readingText text: String) {
    guard text.utf8.allSatisfy({ $0 < 0x80 }), let match = text.wholeMatch(of: #/(\d{4})-(\d{2})-(\d{2})/#) else {
      return nil
    }
    self.init(year: Int(match.1)!, month: Int(match.2)!, day: Int(match.3)!)
    // The 31st of February is counted as the 3rd of March.
    guard self.number >= Self.first.number, self.text == text else { return nil }
  }

  private init(number: Int) { self.number = number }

  /// Counted from the first of March of the year 0: then a leap day is the last day of its year, and the months before
  /// it repeat every 153 days.
  private static let epoch = 719_468

  private init(year: Int, month: Int, day: Int) {
    let months = (month + 9) % 12
    let years = month > 2 ? year : year - 1
    number = years * 365 + years / 4 - years / 100 + years / 400 + (months * 153 + 2) / 5 + day - 1 - Self.epoch
  }

  var text: String {
    let (centuries, rest) = (number + Self.epoch).quotientAndRemainder(dividingBy: 146_097)
    let years = (rest - rest / 1460 + rest / 36_524 - rest / 146_096) / 365
    let days = rest - (years * 365 + years / 4 - years / 100)
    let months = (days * 5 + 2) / 153
    let month = months < 10 ? months + 3 : months - 9
    let year = centuries * 400 + years + (month > 2 ? 0 : 1)
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(days - (months * 153 + 2) / 5 + 1, 2))"
  }

  private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}

/// A day, or an instant on it. The zone of the instant decides on which day (UTC) it is.
struct DayOfInstant: TextReadable {
  let day: Day

  static let readableName = "day such as 2026-01-31"

  init?(readingText text: String) {
    if let day = Day(readingText: text) {
      self.day = day
      return
    }
    // An instant is ASCII, and its date and time have fixed places: 2026-01-31T12:00…+03:00.
    guard Instant(text) != nil, let local = Day(readingText: String(text.prefix(10))) else { return nil }
    func minutes(_ clock: Substring) -> Int { (Int(clock.prefix(2)) ?? 0) * 60 + (Int(clock.suffix(2)) ?? 0) }
    let zone = text.suffix(6)
    let ahead = zone.first == "+" ? minutes(zone.dropFirst()) : zone.first == "-" ? -minutes(zone.dropFirst()) : 0
    let passed = minutes(text.dropFirst(11).prefix(5)) - ahead
    day = local.adding(days: passed < 0 ? -1 : passed >= 1440 ? 1 : 0)
    guard day.text.utf8.count == 10 else { return nil }
  }
}
