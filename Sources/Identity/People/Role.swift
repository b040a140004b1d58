/// What somebody may do. It is stored and never read from a body that its owner wrote.
package enum Role: String, Sendable, CaseIterable {
  case user, moderator, service, admin
}
