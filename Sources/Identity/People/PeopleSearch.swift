package import Postgres

/// Colleagues by the beginnings of their names' words, for a field that searches while somebody types.
package enum PeopleSearch {
  package struct Person: Sendable {
    package let username: String
    package let fullName: String?
  }

  package static let most = 8
  /// The longest text that is searched for. No username is longer.
  package static let mostBytes = Username.mostBytes

  /// `find_people` reads a bounded number of rows, so one letter costs the same among ten people and a million.
  package static func find(_ text: String, on connection: borrowing Connection) throws -> [Person] {
    guard let text = text.normalized(mostBytes: mostBytes) else { return [] }
    return try connection.rows("SELECT * FROM find_people(\(text), \(most))") {
      Person(username: try $0.value(0), fullName: try $0.value(1))
    }
  }
}
