package import Audit
package import FoundationEssentials
internal import Notation
package import Postgres
internal import Tokens

/// The second factor of a user: codes that a phone computes from a secret, and recovery codes. From its first right code
/// on, a password alone no longer signs the user in.
package enum SecondFactor {
  /// The shop's demand on admins.
  package enum Demand: CaseIterable, Sendable { case optional, required }

  /// The code that a client sent, if any, and the moment.
  package struct Offer: Sendable {
    fileprivate let code: String?
    fileprivate let now: Int
    fileprivate let requestID: String?

    /// Codes are shown and printed in groups, so blanks and hyphens do not count. An empty code is none.
    package init(_ code: String? = nil, now: Int = 0, requestID: String? = nil) {
      let plain = code.map {
        String(String.UnicodeScalarView($0.unicodeScalars.lazy.filter { $0 != " " && $0 != "-" }))
      }
      self.code = plain == "" ? nil : plain
      self.now = now
      self.requestID = requestID
    }

    var hasCode: Bool { code != nil }

    fileprivate func editor(_ user: UUID) -> Editor { Editor(user, requestID: requestID) }
  }

  /// A secret that no code has confirmed yet, for an app that computes codes.
  package struct Pending: Sendable, Equatable, CustomStringConvertible {
    package let secret: String
    package let url: String
    /// Errors are logged, and one of them carries this.
    package var description: String { "a secret" }
  }

  package static let recoveryCodeCount = 10
  private static let issuer = "Tuckshop"
  private static let pendingMinutes = 10
}

// The factor as its user manages it.
extension SecondFactor {
  package static func state(
    of user: UUID, on connection: borrowing Connection
  ) throws -> (isEnrolled: Bool, recoveryCodesLeft: Int) {
    try connection.onlyRow(
      """
      SELECT EXISTS (SELECT FROM second_factors WHERE user_id = \(user) AND confirmed_at IS NOT NULL),
             (SELECT count(*) FROM recovery_codes WHERE user_id = \(user))
      """
    ) { (isEnrolled: try $0.value(0), recoveryCodesLeft: try $0.value(1)) }
  }

  /// A new secret, or the one that was handed out a moment ago: a second request must not spoil what a phone has read.
  package static func begin(_ user: UUID, _ name: String, on connection: borrowing Connection) throws -> Pending {
    guard let pending = try pending(user, name, on: connection) else { throw PeopleRefusal.secondFactorEnrolled }
    return pending
  }

  /// Nil if the user has a second factor.
  static func pending(_ user: UUID, _ name: String, on connection: borrowing Connection) throws -> Pending? {
    let secret = try connection.row(
      """
      INSERT INTO second_factors AS f (user_id, secret) VALUES (\(user), \(TimeCode().secret))
      ON CONFLICT (user_id) DO UPDATE SET (secret, created_at) = (
        SELECT CASE WHEN is_old THEN EXCLUDED.secret ELSE f.secret END,
               CASE WHEN is_old THEN clock_timestamp() ELSE f.created_at END
        FROM (SELECT f.created_at < clock_timestamp() - make_interval(mins => \(pendingMinutes)) AS is_old) s)
      WHERE f.confirmed_at IS NULL RETURNING secret
      """
    ) { try $0.value(0, as: [UInt8].self) }
    return secret.map(TimeCode.init(secret:)).map {
      Pending(secret: $0.text, url: $0.url(issuer: issuer, account: name))
    }
  }

  /// The first right code makes the factor count. Returns the recovery codes, which nobody can read again.
  package static func confirm(
    _ offer: Offer, of user: UUID, from address: String, on connection: borrowing Connection
  ) throws -> [String] {
    try judged(user, from: address, on: connection) { connection in
      let isConfirmed = try connection.row(
        "SELECT confirmed_at IS NOT NULL FROM second_factors WHERE user_id = \(user)"
      ) { try $0.value(0, as: Bool.self) }
      guard let isConfirmed else { throw PeopleRefusal.secondFactorUnknown }
      if isConfirmed { throw PeopleRefusal.secondFactorEnrolled }
      return try confirm(offer, of: user, on: connection)
    }
  }

  /// New recovery codes; the old ones are no longer valid.
  package static func renewRecoveryCodes(
    _ offer: Offer, of user: UUID, from address: String, on connection: borrowing Connection
  ) throws -> [String] {
    try judged(user, from: address, on: connection) { connection in
      guard try state(of: user, on: connection).isEnrolled else { throw PeopleRefusal.secondFactorUnknown }
      guard try accepts(offer, of: user, on: connection) else { return nil }
      let codes = try newRecoveryCodes(of: user, on: connection)
      try offer.editor(user).note(
        "totp.recovery_codes", user.text, after: ["recovery_codes_left": .integer(recoveryCodeCount)], on: connection)
      return codes
    }
  }

  package static func remove(
    _ offer: Offer, of user: UUID, isRequired: Bool, from address: String, on connection: borrowing Connection
  ) throws {
    if isRequired { throw PeopleRefusal.secondFactorRequired }
    try judged(user, from: address, on: connection) { connection -> Void? in
      guard try state(of: user, on: connection).isEnrolled else { throw PeopleRefusal.secondFactorUnknown }
      guard try accepts(offer, of: user, on: connection) else { return nil }
      try forget(of: user, on: connection)
      try offer.editor(user).note("totp.remove", user.text, after: ["enrolled": .bool(false)], on: connection)
    }
  }

  /// For a user who has lost phone and recovery codes. Somebody else may have them, so the user's sessions end.
  package static func reset(of user: UUID, by editor: Editor, on connection: borrowing Connection) throws {
    try connection.transaction { connection in
      guard try forget(of: user, on: connection) else { throw PeopleRefusal.secondFactorUnknown }
      try Revocations.endTokens(of: user, on: connection)
      try editor.note("totp.reset", user.text, after: ["enrolled": .bool(false)], on: connection)
    }
  }

  /// True if there was one, even one that was not confirmed.
  @discardableResult
  static func forget(of user: UUID, on connection: borrowing Connection) throws -> Bool {
    try connection.run("DELETE FROM second_factors WHERE user_id = \(user)") > 0
  }

  /// A wrong code counts as a wrong password does. A right one makes nobody forget earlier guesses, as signing in does:
  /// the caller may have chosen the secret a moment ago.
  private static func judged<T>(
    _ user: UUID, from address: String, on connection: borrowing Connection,
    _ body: (borrowing Connection) throws -> T?
  ) throws -> T {
    let failures = try LoginFailures.read(
      account: "username " + user.text, user: user, address: address, on: connection)
    guard failures.waitSeconds <= 0 else {
      throw PeopleRefusal.tooManyFailures(retryAfterSeconds: failures.waitSeconds)
    }
    guard let done = try connection.transaction(body) else {
      try failures.note(on: connection)
      throw PeopleRefusal.secondFactorWrong
    }
    return done
  }
}

// Codes.
extension SecondFactor {
  /// Whether the code is right and was not used yet. Now it is: of two concurrent requests, one is accepted.
  static func accepts(_ offer: Offer, of user: UUID, on connection: borrowing Connection) throws -> Bool {
    guard let code = offer.code else { return false }
    if let recovery = RecoveryCode(code) { return try useUp(recovery, offer.editor(user), of: user, on: connection) }
    let secret = try connection.row(
      "SELECT secret FROM second_factors WHERE user_id = \(user) AND confirmed_at IS NOT NULL"
    ) { try $0.value(0, as: [UInt8].self) }
    guard let secret, let step = TimeCode(secret: secret).step(of: code, at: offer.now) else { return false }
    return try connection.run(
      """
      UPDATE second_factors SET last_step = \(step)
      WHERE user_id = \(user) AND secret = \(secret) AND confirmed_at IS NOT NULL AND last_step < \(step)
      """) == 1
  }

  private static func useUp(
    _ code: RecoveryCode, _ editor: Editor, of user: UUID, on connection: borrowing Connection
  ) throws -> Bool {
    try connection.transaction { connection in
      let used = try connection.run(
        "DELETE FROM recovery_codes WHERE user_id = \(user) AND digest = \(code.digest)")
      guard used == 1 else { return false }
      let left = try state(of: user, on: connection).recoveryCodesLeft
      try editor.note("totp.recovery", user.text, after: ["recovery_codes_left": .integer(left)], on: connection)
      return true
    }
  }

  /// Nil if the code is not the pending secret's. Of two concurrent requests with one code, the second finds nothing
  /// pending.
  static func confirm(_ offer: Offer, of user: UUID, on connection: borrowing Connection) throws -> [String]? {
    try connection.transaction { connection in
      let secret = try connection.row(
        "SELECT secret FROM second_factors WHERE user_id = \(user) AND confirmed_at IS NULL FOR UPDATE"
      ) { try $0.value(0, as: [UInt8].self) }
      guard let secret, let code = offer.code, let step = TimeCode(secret: secret).step(of: code, at: offer.now) else {
        return nil
      }
      try connection.run(
        """
        UPDATE second_factors SET confirmed_at = clock_timestamp(), last_step = \(step) WHERE user_id = \(user)
        """)
      let codes = try newRecoveryCodes(of: user, on: connection)
      try offer.editor(user).note("totp.enrol", user.text, after: ["enrolled": .bool(true)], on: connection)
      return codes
    }
  }

  private static func newRecoveryCodes(of user: UUID, on connection: borrowing Connection) throws -> [String] {
    let codes = (0..<recoveryCodeCount).map { _ in RecoveryCode() }
    try connection.run("DELETE FROM recovery_codes WHERE user_id = \(user)")
    for code in codes {
      try connection.run("INSERT INTO recovery_codes (user_id, digest) VALUES (\(user), \(code.digest))")
    }
    return codes.map(\.text)
  }
}
