internal import API
internal import Audit
internal import FoundationEssentials
internal import Identity
internal import Notation
internal import Postgres

/// `tuckshop user` for invitations, links to a new password, and identities.
enum UserJoining {
  static func invite(_ arguments: inout Arguments, _ environment: Environment) throws {
    let email = try arguments.takeOption("--email").map { try EmailAddress($0) }
    let role = try arguments.takeOption("--role").map(UserCommand.role(named:)) ?? .user
    let days = try arguments.takeOption("--days") ?? "7"
    try arguments.finish()
    guard let days = Int(days), (1...Invitations.longestSeconds / 86_400).contains(days) else {
      throw UsageError("--days is from 1 to \(Invitations.longestSeconds / 86_400)")
    }
    let made = try Invitations.create(
      email: email, role: role, seconds: days * 86_400, environment.joiningRules(), by: .commandLine,
      on: environment.open())
    say("\(try environment.links().invitation(made.token))\nfor one \(role.rawValue), until \(made.entry.expiresAt)")
  }

  static func resetLink(_ arguments: inout Arguments, _ environment: Environment) throws {
    let username = try UserCommand.username(&arguments)
    try arguments.finish()
    let connection = try environment.open()
    let user = try user(username, on: connection)
    let made = try PasswordReset.offer(to: user.id, by: .commandLine, on: connection)
    say("\(try environment.links().reset(made.token))\nfor \(user.username), once, until \(made.expiresAt)")
  }

  /// With a name, the identities of the user; with an issuer, proposals, in the form that `link --from` reads.
  static func identities(_ arguments: inout Arguments, _ environment: Environment) throws {
    let issuer = try arguments.takeOption("--propose")
    let subjects = try arguments.takeOption("--subjects")
    guard let issuer else {
      let username = try UserCommand.username(&arguments)
      try arguments.finish()
      let connection = try environment.open()
      for entry in try Identities.list(of: user(username, on: connection).id, on: connection) {
        say(CSV.line([.number(entry.number), .text(entry.issuer), .text(entry.subject), .text(entry.linkedAt)]))
      }
      return
    }
    try arguments.finish()
    let connection = try environment.open()
    let proposals =
      try subjects.map { try LinkProposals.of(people(in: $0), issuer, on: connection) }
      ?? LinkProposals.byName(issuer, on: connection)
    say("username,issuer,subject,remark")
    for proposal in proposals {
      say(
        CSV.line([.text(proposal.username), .text(issuer), .text(proposal.subject), .text(remark(on: proposal))]))
    }
  }

  static func link(_ arguments: inout Arguments, _ environment: Environment) throws {
    if let path = try arguments.takeOption("--from") {
      try arguments.finish()
      return try linkAll(path, environment)
    }
    let words = try arguments.takeRest()
    guard words.count == 3 else { throw UsageError("user link wants a name, an issuer and a subject") }
    let connection = try environment.open()
    let user = try user(try Username(words[0]), on: connection)
    let entry = try Identities.link(words[1], words[2], to: user.id, by: .commandLine, on: connection)
    say("\(user.username) has identity \(entry.number)")
  }

  static func unlink(_ arguments: inout Arguments, _ environment: Environment) throws {
    let words = try arguments.takeRest()
    guard words.count == 2, let number = Int(words[1]) else {
      throw UsageError("user unlink wants a name and the number of one of its identities")
    }
    let connection = try environment.open()
    try Identities.unlink(number, of: user(try Username(words[0]), on: connection).id, by: .commandLine, on: connection)
    say("\(words[0]) has lost identity \(number)")
  }

  /// All lines of the file or none.
  private static func linkAll(_ path: String, _ environment: Environment) throws {
    let rows = try Rows(path, required: ["username", "issuer", "subject"], others: ["remark"])
    let connection = try environment.open()
    try connection.transaction { connection in
      for row in rows.all {
        do {
          let user = try user(try Username(row["username"] ?? ""), on: connection)
          try Identities.link(
            row["issuer"] ?? "", row["subject"] ?? "", to: user.id, by: .commandLine, on: connection)
        } catch let refusal as PeopleRefusal {
          throw SettingError("\(path), line \(row.number): \(refusal); nothing was changed")
        }
      }
    }
    say("\(rows.all.count) linked")
  }

  private static func people(in path: String) throws -> [LinkProposals.Subject] {
    try Rows(path, required: ["subject"], others: ["username", "email"]).all.map {
      LinkProposals.Subject(key: $0["subject"] ?? "", username: $0["username"] ?? "", email: $0["email"] ?? "")
    }
  }

  private static func remark(on proposal: LinkProposals.Entry) -> String {
    if let holder = proposal.holder { return "already belongs to \(holder)" }
    return proposal.hasPassword ? "has a password: ask the person first" : ""
  }

  private static func user(_ name: Username, on connection: borrowing Connection) throws -> User {
    guard let user = try User.named(name.text, on: connection) else { throw PeopleRefusal.unknownUser }
    return user
  }
}

/// The rows of a table by column. Its first line names the columns.
private struct Rows {
  struct Row {
    let number: Int
    let fields: [String: String]
    subscript(name: String) -> String? { fields[name] }
  }

  let all: [Row]

  init(_ path: String, required: [String], others: [String]) throws {
    let table = try CSV(parsing: contents(of: path))
    let columns = table.rows.first?.fields ?? []
    guard Set(columns).count == columns.count, required.allSatisfy(columns.contains),
      columns.allSatisfy((required + others).contains)
    else {
      throw SettingError("\(path): the first line must name the columns \((required + others).joined(separator: ", "))")
    }
    all = try table.rows.dropFirst().map { row in
      guard row.fields.count == columns.count else {
        throw SettingError("\(path), line \(row.line): \(row.fields.count) fields, not \(columns.count)")
      }
      return Row(number: row.line, fields: Dictionary(uniqueKeysWithValues: zip(columns, row.fields)))
    }
  }
}
