internal import Postgres
internal import HTTP
internal import Identity
internal import Notation

extension User {
  var json: JSON {
    [
      "id": .string(id.text), "username": .string(username), "email": email.map(JSON.string) ?? .null,
      "full_name": fullName.map(JSON.string) ?? .null, "role": .string(role.rawValue), "is_active": .bool(isActive),
      "created_at": .string(createdAt), "updated_at": .string(updatedAt),
    ]
  }
}

extension Sessions.Pair {
  var json: JSON {
    [
      "access_token": .string(accessToken), "refresh_token": .string(refreshToken), "token_type": "bearer",
      "expires_in": .integer(expiresIn),
    ]
  }
}

extension Response {
  /// The answer to merch's sign-in.
  static func token(_ token: String) -> Response { .json(["token": .string(token)]) }
}
