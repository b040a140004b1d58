internal import FoundationEssentials

/// Those whose proof names them but whose role and state only the database knows, remembered for a second at most, so
/// that whoever is dismissed is out within two.
struct Acquaintances {
  private var known: [String: (caller: Caller, until: Int)] = [:]
  private static let most = 1000

  mutating func caller(_ name: String, now: Int, or find: () throws -> User) throws -> Caller {
    if let entry = known[name], now < entry.until { return entry.caller }
    let user = try find()
    guard user.isActive else { throw CallerRefusal.inactive }
    if known.count >= Self.most { known = [:] }
    let caller = Caller(user)
    known[name] = (caller, now + 1)
    return caller
  }
}
