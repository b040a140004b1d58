internal import FoundationEssentials
internal import HTTP
internal import Identity
internal import Ledger
internal import Notation
internal import Postgres

/// A grant as it is asked for: JSON, or a table of recipients with the other members in the query. It names every
/// mistake at once, also the users who do not exist.
struct GrantBody {
  static let mostBytes = 2 << 20
  private static let mostRecipients = 100_000
  private static let mostComplaints = 100

  /// Whether the client only wants to know what the grant would give.
  private(set) var isRehearsal = false
  private let isTable: Bool
  private var name: String?
  private var reason: String?
  private var toEverybody: Int?
  private var shares: [Handout.Share] = []
  /// Of each share: the line in the table, or the place in the list.
  private var numbers: [Int] = []
  private var complaints: [ShapeError.Complaint] = []

  init(_ request: Request) throws(ShapeError) {
    isTable = request.headers.begins("Content-Type", with: "text/csv")
    let reader = isTable ? Reader() : try Reader(bodyOf: request)
    isRehearsal = reader.note(try request.query.optional("dry_run", oneOf: Truth.self)) == .true
    if isTable { readTable(request, reader) } else { readList(request, reader) }
    do { try reader.finish() } catch { complaints = error.complaints + complaints }
  }

  /// The name, reason and amount that stand beside a table. Beside a list they mean nothing, but have to be right.
  private mutating func readQuery(_ request: Request, _ reader: Reader) -> Int? {
    func isGiven(_ member: String) -> Bool { isTable || request.query.all(member)?.isEmpty == false }
    if isGiven("name") { name = reader.note(try request.query.required("name") { try GrantName($0).text }) }
    if isGiven("reason") {
      reason = reader.note(
        try request.query.required("reason") { text in
          guard (1...500).contains(text.unicodeScalars.count) else {
            throw ShapeError(["query", "reason"], "Input should have 1 to 500 characters", .malformed)
          }
          return text
        })
    }
    return reader.note(try request.query.optional("amount", in: Handout.amounts))
  }

  private mutating func readList(_ request: Request, _ body: Reader) {
    _ = readQuery(request, body)
    name = body.require("name", as: GrantName.self)?.text
    reason = body.text("reason", 1...500, isRequired: true)
    let amount = body.require("amount", as: Int.self) { amount in
      guard Handout.amounts.contains(amount) else {
        throw ShapeError(
          ["body", "amount"], "Input should be from 1 to \(Handout.amounts.upperBound)", .malformed)
      }
    }
    switch body.require("to", as: Recipients.self) {
    case nil: break
    case .everybody: toEverybody = amount
    case .names(let names):
      guard (1...Self.mostRecipients).contains(names.count) else {
        return body.complain("to", "Input should have 1 to \(Self.mostRecipients) usernames")
      }
      var seen: [String: Int] = [:]
      for (place, raw) in names.enumerated() {
        do {
          let username = try Username(raw).text
          if let before = seen.updateValue(place, forKey: username) {
            complain(about: place, "\(username) is at place \(before) already")
          } else {
            shares.append(.init(username: username, amount: amount ?? 1))
            numbers.append(place)
          }
        } catch {
          complain(about: place, "\(error)")
        }
      }
    }
  }

  private mutating func readTable(_ request: Request, _ reader: Reader) {
    let amount = readQuery(request, reader)
    do {
      let csv = try CSV(parsing: request.body)
      guard (2...Self.mostRecipients + 1).contains(csv.rows.count) else {
        throw ShapeError(["body"], "A table has 1 to \(Self.mostRecipients) lines below the first one", .malformed)
      }
      let table = try GrantTable(csv, amount: amount)
      for (line, message) in table.problems { complain(about: line, message) }
      shares = table.lines.map { .init(username: $0.username, amount: $0.amount) }
      numbers = table.lines.map(\.number)
    } catch let error as CSVError {
      complain(about: error.line, error.message)
    } catch let error as ShapeError {
      complaints += error.complaints
    } catch {
      complaints.append(.init(location: ["body"], message: "\(error)", kind: .malformed))
    }
  }

  func handout(on connection: borrowing Connection) throws -> Handout {
    let recipients = toEverybody.map(Handout.Recipients.everybody) ?? .list(shares)
    let handout = Handout(name: name ?? "", reason: reason ?? "", to: recipients)
    if complaints.isEmpty { return handout }
    let unknown = shares.isEmpty ? [] : try handout.unknownPlaces(on: connection)
    throw ShapeError(Array((complaints + unknown.map(complaint)).prefix(Self.mostComplaints)))
  }

  /// Says where in the request the users stand who do not exist.
  func locating<T>(_ verb: () throws -> T) throws -> T {
    do {
      return try verb()
    } catch let error as Handout.UnknownRecipients {
      throw ShapeError(error.places.map(complaint))
    }
  }

  private func complaint(aboutUserOf place: Int) -> ShapeError.Complaint {
    .init(
      location: location(of: numbers[place]), message: GrantTable.noUser(shares[place].username), kind: .malformed)
  }

  private mutating func complain(about number: Int, _ message: String) {
    // One more than an answer names would only cost time.
    guard complaints.count < Self.mostComplaints else { return }
    complaints.append(.init(location: location(of: number), message: message, kind: .malformed))
  }

  private func location(of number: Int) -> [String] {
    isTable ? ["body", "line \(number)"] : ["body", "to", String(number)]
  }

  private enum Recipients: Decodable {
    case everybody
    case names([String])

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      guard let text = try? value.decode(String.self) else {
        self = .names(try value.decode([String].self))
        return
      }
      guard text.utf8.elementsEqual("all".utf8) else {
        throw ShapeError(["body", "to"], "Input should be 'all' or a list of usernames", .malformed)
      }
      self = .everybody
    }
  }
}

extension Query {
  fileprivate func required(
    _ name: String, _ read: (String) throws -> String
  ) throws(ShapeError) -> String {
    guard let text = try optional(name, as: String.self) else {
      throw ShapeError(["query", name], "Field required", .missing)
    }
    do {
      return try read(text)
    } catch let error as ShapeError {
      throw error
    } catch {
      throw ShapeError(["query", name], "\(error)", .malformed)
    }
  }
}

extension Handout.Forecast {
  var json: JSON { ["count": .integer(people), "sum": .integer(coins), "dry_run": .bool(true)] }
}
