/// What somebody may do. It is stored and never read from a body that its owner wrote.
package enum Role: String, Sendable, CaseIterable, Decodable {
  case user, moderator, service, admin
}
