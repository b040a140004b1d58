// Knows users, how they sign in and who calls.
// Refuses to know HTTP, and what a user owns.

package import FoundationEssentials
internal import Notation
package import Postgres

/// A user, without the password's hash, which never leaves the statement that needs it.
package struct User: Sendable, Equatable {
  package let id: UUID
  package let username: String
  package let email: String?
  package let fullName: String?
  package let role: Role
  package let isActive: Bool
  package let generation: Int
  package let createdAt: String
  package let updatedAt: String

  /// The columns that `init(row:)` reads.
  static let columns = """
    id, username, email, full_name, role, is_active, generation, \(SQL.timestamp("created_at")) AS created_at, \
    \(SQL.timestamp("updated_at")) AS updated_at
    """

  init(row: Row) throws {
    id = try row.value("id")
    username = try row.value("username")
    email = try row.value("email")
    fullName = try row.value("full_name")
    role = try row.value("role")
    isActive = try row.value("is_active")
    generation = try row.value("generation")
    createdAt = try row.value("created_at")
    updatedAt = try row.value("updated_at")
  }

  /// A user in the audit trail.
  var record: JSON {
    [
      "id": .string(id.text), "username": .string(username), "email": email.map(JSON.string) ?? .null,
      "full_name": fullName.map(JSON.string) ?? .null, "role": .string(role.rawValue), "is_active": .bool(isActive),
      "created_at": .string(createdAt), "updated_at": .string(updatedAt),
    ]
  }
}

/// The rights of a user. It is never read from a body that the user themselves sent.
package enum Role: String, Sendable, CaseIterable {
  case user, moderator, service, admin
}

extension Role: PostgresDecodable, Decodable {
  package init?(postgres bytes: UnsafeRawBufferPointer?) {
    guard let text = String(postgres: bytes) else { return nil }
    self.init(rawValue: text)
  }

  package init(from decoder: any Decoder) throws {
    guard let role = Role(spelled: try decoder.singleValueContainer().decode(String.self)) else {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "no role"))
    }
    self = role
  }
}

extension User {
  /// Deleted users are not found.
  package static func find(_ id: UUID, on connection: borrowing Connection) throws -> User {
    guard let found = try living(id, on: connection) else { throw PeopleRefusal.unknownUser }
    return found
  }

  package static func living(_ id: UUID, on connection: borrowing Connection) throws -> User? {
    try one("id = \(id)", on: connection)
  }

  package static func named(_ username: String, on connection: borrowing Connection) throws -> User? {
    try one("username = \(username)", on: connection)
  }

  /// Whether a user has this id, or a deleted one had it.
  static func hasEverHad(_ id: UUID, on connection: borrowing Connection) throws -> Bool {
    try connection.value("SELECT EXISTS (SELECT FROM users WHERE id = \(id))")
  }

  private static func one(_ filter: SQL, on connection: borrowing Connection) throws -> User? {
    try connection.row("SELECT \(raw: columns) FROM users WHERE \(filter) AND deleted_at IS NULL") { try User(row: $0) }
  }
}

/// A refusal by the shop's rules about people.
package enum PeopleRefusal: Error, Sendable, Equatable {
  case unknownUser
  case usernameTaken
  case emailTaken
  case identityTaken
  case unknownIdentity
  case lastAdmin
  case wrongCredentials
  case inactive
  case tooManyFailures(retryAfterSeconds: Int)
  /// The request has waited so long that others would wait for its hash.
  case noTimeToHash
  case refreshRefused
  /// The password is right, and a code is needed besides.
  case secondFactorMissing
  case secondFactorWrong
  /// The shop demands a second factor of admins. Nil: it cannot be set up where the user signed in.
  case enrolmentRequired(SecondFactor.Pending?)
  case secondFactorEnrolled
  case secondFactorUnknown
  case secondFactorRequired
  case signUpClosed
  case invitationRefused
  case unknownInvitation
  case invitationUsed
  case tooManyNewUsers(retryAfterSeconds: Int, perHour: Int)
  case passwordLoginOff
  /// The present password, which a user gives to choose a new one.
  case wrongPassword
  case resetRefused
  case unknownSession
}

extension PeopleRefusal: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unknownUser: "there is no user of that name"
    case .usernameTaken: "the name is taken: choose another one"
    case .emailTaken: "the email is taken: choose another one"
    case .identityTaken: "the identity belongs to another user, living or deleted"
    case .unknownIdentity: "the user has no such identity"
    case .lastAdmin: "the shop needs at least one admin: make another user admin first"
    case .secondFactorUnknown: "the user has no second factor"
    case .secondFactorEnrolled: "the user has a second factor already"
    case .secondFactorRequired: "this shop demands a second factor of admins"
    case .signUpClosed: "nobody may register here: see TUCKSHOP_SIGN_UP and TUCKSHOP_PASSWORD_LOGIN"
    case .invitationRefused, .resetRefused: "the link is not valid"
    case .unknownInvitation: "there is no such invitation"
    case .invitationUsed: "the invitation has been used"
    case .unknownSession: "there is no such session"
    case .passwordLoginOff, .wrongPassword, .tooManyNewUsers, .wrongCredentials, .inactive, .tooManyFailures,
      .noTimeToHash, .refreshRefused, .secondFactorMissing, .secondFactorWrong, .enrolmentRequired:
      "signing in was refused"
    }
  }
}
