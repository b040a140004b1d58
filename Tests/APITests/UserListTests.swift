import Audit
import API
import FoundationEssentials
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

/// `GET /api/v1/users`: pages, orders and searches.
@Suite(.tiers(.api, .database))
struct UserListTests {
  private static let names = [
    "anna", "Anna", "ANNA B", "50% off", "under_score", "underXscore", "back\\slash", "Ёлка", "ёлка", "ШУРА", "шура",
    "o'brien", "\u{E9}ve", "a", "💰", "percent%", "_", "%", "\\",
  ]

  /// The names, and more users, many of whom differ only in their id.
  private func withPeople(_ body: (_ shop: Shop, _ bearer: String, _ users: [User]) throws -> Void) throws {
    try withShop { shop in
      let bearer = try shop.bearer(.moderator)
      for (index, name) in Self.names.enumerated() {
        try shop.person(name, email: index % 3 == 0 ? "\(index)@Mail.example" : nil)
      }
      for index in 0..<26 {
        try shop.person(
          "twin \(index)", index % 5 == 0 ? .service : .user, email: index % 2 == 0 ? "twin.\(index)@b.example" : nil,
          fullName: index % 4 == 0 ? "Twin" : nil)
      }
      let gone = try shop.person("anna who left")
      try User.delete(gone.id, by: .commandLine, on: shop.owner)
      try shop.owner.run(
        "UPDATE users SET created_at = '2026-01-01', updated_at = '2026-01-02' WHERE username ~ 'twin'")
      let users = try shop.owner.rows("SELECT id FROM users WHERE deleted_at IS NULL") {
        try $0.value(0, as: UUID.self)
      }
      .map { try User.find($0, on: shop.owner) }
      try body(shop, bearer, users)
    }
  }

  private func names(_ answer: Answer) -> [String] {
    answer.members["items"]?.elements.compactMap { $0.members["username"]?.text } ?? []
  }

  @Test func `a page has its members, and twenty users unless the request asks otherwise`() throws {
    try withPeople { shop, bearer, users in
      let answer = shop.ask(.get, "/api/v1/users", as: bearer)
      #expect(answer.status == 200)
      #expect(answer.members.keys.sorted() == ["items", "limit", "page", "total", "total_pages"])
      #expect(answer.members["total"] == .integer(users.count))
      #expect(answer.members["page"] == 1 && answer.members["limit"] == 20 && answer.members["total_pages"] == 3)
      #expect(names(answer).count == 20)
      #expect(names(answer).first == users.max { $0.createdAt < $1.createdAt }?.username)
      let members = answer.members["items"]?.elements.first?.members.keys.sorted()
      #expect(
        members == ["created_at", "email", "full_name", "id", "is_active", "role", "updated_at", "username"])
      #expect(!answer.text.contains("hash") && !answer.text.contains("left"))
      for (limit, pages) in [(1, users.count), (100, 1), (users.count, 1), (users.count - 1, 2)] {
        let answer = shop.ask(.get, "/api/v1/users?limit=\(limit)", as: bearer)
        #expect(answer.members["total_pages"] == .integer(pages))
        #expect(names(answer).count == min(limit, users.count))
      }
    }
  }

  private func key(_ user: User, _ order: UserList.Order) -> String? {
    switch order {
    case .createdAt: user.createdAt
    case .updatedAt: user.updatedAt
    case .username: user.username
    case .email: user.email
    case .fullName: user.fullName
    case .role: user.role.rawValue
    }
  }

  private func comes(_ one: User, before other: User, by order: UserList.Order) -> Bool {
    switch (key(one, order), key(other, order)) {
    case (let mine?, let theirs?) where mine != theirs:
      Array(mine.utf8).lexicographicallyPrecedes(Array(theirs.utf8))
    case (.some, nil): true
    case (nil, .some): false
    default: one.id.text < other.id.text
    }
  }

  @Test func `every order lists everybody once, equals by id, and users without a value last`() throws {
    try withPeople { shop, bearer, users in
      for order in UserList.Order.allCases {
        let ascending = users.sorted { comes($0, before: $1, by: order) }.map(\.username)
        for (direction, due) in [("asc", ascending), ("desc", ascending.reversed())] {
          var found: [String] = []
          for page in 1...8 {
            let answer = shop.ask(
              .get, "/api/v1/users?limit=7&page=\(page)&sort_by=\(order.rawValue)&sort_order=\(direction)", as: bearer)
            #expect(answer.members["total"] == .integer(users.count))
            found += names(answer)
          }
          #expect(found == due, "\(order) \(direction)")
        }
      }
    }
  }

  @Test func `a search finds part of a name or an email, in any case, and treats nothing as a pattern`() throws {
    try withPeople { shop, bearer, users in
      let found: [(String, [String])] = [
        ("anna", ["ANNA B", "Anna", "anna"]), ("ANN", ["ANNA B", "Anna", "anna"]),
        ("%25", ["%", "50% off", "percent%"]),
        ("_", ["_", "under_score"]), ("%5C", ["\\", "back\\slash"]), ("0%25", ["50% off"]),
        ("r_s", ["under_score"]), ("%D1%91%D0%BB", ["Ёлка", "ёлка"]), ("%D0%81%D0%9B", ["Ёлка", "ёлка"]),
        ("%D1%88%D1%83%D1%80%D0%B0", ["ШУРА", "шура"]), ("e%CC%81ve", ["\u{E9}ve"]), ("'", ["o'brien"]),
        ("%F0%9F%92%B0", ["💰"]), ("0@mail", ["anna"]), ("12@mAIL", [Self.names[12]]),
        ("nobody", []), ("left", []), ("%25%25", []), ("--", []),
        ("twin+1", ["twin 1"] + (10...19).map { "twin \($0)" }),
        ("%22", []),
      ]
      for (term, due) in found {
        let answer = shop.ask(
          .get, "/api/v1/users?limit=100&sort_by=username&sort_order=asc&search=\(term)", as: bearer)
        #expect(names(answer) == due, "\(term)")
        #expect(answer.members["total"] == .integer(due.count), "\(term)")
      }
      #expect(shop.ask(.get, "/api/v1/users?search=", as: bearer).members["total"] == .integer(users.count))
      #expect([400, 422].contains(shop.ask(.get, "/api/v1/users?search=%00x", as: bearer).status))
      #expect(shop.ask(.get, "/api/v1/users?search=%FF", as: bearer).status == 422)
      let long = String(repeating: "a", count: 5000)
      #expect(
        shop.ask(.get, "/api/v1/users?search=\(long)", as: bearer).complaint == ["query", "search", "value_error"])
      #expect(shop.ask(.get, "/api/v1/users?search=\(long.prefix(255))", as: bearer).members["total"] == 0)
    }
  }

  @Test func `a page behind the end is empty and gives the total`() throws {
    try withPeople { shop, bearer, users in
      for page in [4, 5, 1000, 1_000_000] {
        let answer = shop.ask(.get, "/api/v1/users?page=\(page)", as: bearer)
        #expect(answer.status == 200)
        #expect(answer.members["items"] == .array([]))
        #expect(answer.members["total"] == .integer(users.count))
        #expect(answer.members["page"] == .integer(page))
      }
      let none = shop.ask(.get, "/api/v1/users?search=nobody", as: bearer)
      #expect(none.members["total_pages"] == 0)
    }
  }

  @Test func `the list is filtered by role and by being active, in every order, with right totals`() throws {
    try withPeople { shop, bearer, _ in
      try shop.owner.run("UPDATE users SET is_active = false WHERE username IN ('anna', 'twin 0', 'twin 1')")
      let users = try shop.owner.rows("SELECT id FROM users WHERE deleted_at IS NULL") {
        try $0.value(0, as: UUID.self)
      }.map { try User.find($0, on: shop.owner) }
      let filters: [(String, (User) -> Bool)] = [
        ("role=service", { $0.role == .service }), ("role=moderator", { $0.role == .moderator }),
        ("role=admin", { _ in false }), ("is_active=false", { !$0.isActive }), ("is_active=true", { $0.isActive }),
        ("role=service&is_active=true", { $0.role == .service && $0.isActive }),
        ("role=service&is_active=false", { $0.role == .service && !$0.isActive }),
        ("role=user&is_active=true&search=ANNA", { $0.isActive && $0.username.lowercased().contains("anna") }),
      ]
      for (query, isDue) in filters {
        for order in UserList.Order.allCases {
          let answer = shop.ask(.get, "/api/v1/users?\(query)&limit=4&sort_by=\(order.rawValue)", as: bearer)
          let due = users.filter(isDue).sorted { comes($1, before: $0, by: order) }.map(\.username)
          #expect(names(answer) == Array(due.prefix(4)), "\(query) \(order)")
          #expect(answer.members["total"] == .integer(due.count), "\(query)")
          #expect(answer.members["total_pages"] == .integer((due.count + 3) / 4), "\(query)")
        }
      }
    }
  }

  @Test func `an invalid query is 422 with its place`() throws {
    try withShop { shop throws in
      let bearer = try shop.bearer(.moderator)
      for (query, name) in [
        ("limit=101", "limit"), ("limit=0", "limit"), ("limit=-1", "limit"), ("limit=x", "limit"), ("limit=", "limit"),
        ("limit=1.0", "limit"), ("limit=99999999999999999999", "limit"), ("page=0", "page"), ("page=-1", "page"),
        ("page=1000001", "page"), ("page=9223372036854775807", "page"), ("sort_by=password_hash", "sort_by"),
        ("sort_by=id;", "sort_by"), ("sort_by=", "sort_by"), ("sort_by=Email", "sort_by"),
        ("role=root", "role"), ("role=", "role"), ("role=Admin", "role"), ("is_active=1", "is_active"),
        ("is_active=", "is_active"), ("sort_order=down", "sort_order"), ("sort_order=DESC", "sort_order"),
      ] {
        let answer = shop.ask(.get, "/api/v1/users?\(query)", as: bearer)
        #expect(answer.status == 422, "\(query)")
        #expect(Array(answer.complaint.prefix(2)) == ["query", name], "\(query)")
      }
    }
  }
}
