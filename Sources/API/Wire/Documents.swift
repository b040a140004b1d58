internal import HTTP
internal import Identity
internal import Ledger
internal import Notation
internal import Postgres
internal import Shop

/// A value in a document: written here, or built by PostgreSQL.
enum WireValue {
  case json(JSON)
  case stored(DatabaseJSON)
  case list([DatabaseJSON])

  fileprivate var bytes: [UInt8] {
    switch self {
    case .json(let value): value.bytes
    case .stored(let document): document.bytes
    case .list(let documents):
      [UInt8(ascii: "[")] + documents.map(\.bytes).joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
    }
  }
}

extension Response {
  static func document(_ document: DatabaseJSON, status: Int = 200) -> Response {
    Response(status, headers: [("Content-Type", "application/json")], body: document.bytes)
  }

  /// An object without the members that are nil.
  static func object(_ members: KeyValuePairs<String, WireValue?>, status: Int = 200) -> Response {
    var body = [UInt8(ascii: "{")]
    for case (let name, let value?) in members {
      if body.count > 1 { body.append(UInt8(ascii: ",")) }
      body += JSON.string(name).bytes
      body.append(UInt8(ascii: ":"))
      body += value.bytes
    }
    return Response(status, headers: [("Content-Type", "application/json")], body: body + [UInt8(ascii: "}")])
  }

  /// One page of a numbered list.
  static func page(_ items: WireValue, total: Int, number: Int, limit: Int) -> Response {
    .object([
      "items": items, "total": .json(.integer(total)), "page": .json(.integer(number)),
      "limit": .json(.integer(limit)), "total_pages": .json(.integer((total + limit - 1) / limit)),
    ])
  }

  /// One page of a list that goes on at a cursor.
  static func entries(_ items: WireValue, next: Int?) -> Response {
    .object(["items": items, "next_cursor": .json(next.map { .string(String($0)) } ?? .null)])
  }

  /// An operation on the inventory, with the ids of its postings. They follow from the operation's id, so a repeated
  /// request gets the same ones.
  static func receipt(_ done: Done<Inventory.Receipt>, idsPerLine: Int) -> Response {
    let ids = (0..<done.value.lines * idsPerLine).map { JSON.string(done.value.operation.posting(UInt16($0 + 1)).text) }
    return Response.object([
      "success": .json(.bool(true)), "operation_ids": .json(.array(ids)),
      "final_balances": done.value.finalBalances.map(WireValue.stored),
    ]).marked(done.isReplay)
  }

  /// CSV, with the names of the columns in the first line.
  static func table(
    _ columns: [CSV.Cell], _ lines: (_ write: ([CSV.Cell]) -> Void) throws -> Void
  ) rethrows -> Response {
    var text = CSV.line(columns) + "\r\n"
    try lines { text += CSV.line($0) + "\r\n" }
    return .text(text, type: "text/csv; charset=utf-8; header=present")
  }

  /// The answer to merch's sign-in.
  static func token(_ token: String) -> Response { .json(["token": .string(token)]) }
}

extension Request {
  /// Whether the answer is to be CSV.
  var asksForTable: Bool { headers.begins("Accept", with: "text/csv") }
}

/// The query of a numbered list.
enum SortOrder: String, CaseIterable { case asc, desc }

extension Reader {
  func page(of request: Request) -> (number: Int, limit: Int) {
    (
      note(try request.query.optional("page", in: 1...1_000_000)) ?? 1,
      note(try request.query.optional("limit", in: 1...100)) ?? 20
    )
  }

  func search(_ request: Request) -> String? { note(try request.query.search()) }
}

extension Query {
  fileprivate func search() throws(ShapeError) -> String? {
    guard let text = try optional("search", as: String.self), !text.isEmpty else { return nil }
    // No name is longer.
    guard text.utf8.count <= 255 else {
      throw ShapeError(["query", "search"], "Value should have at most 255 bytes", .malformed)
    }
    return text
  }
}

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

extension Transfer {
  func json(_ receipt: Receipt) -> JSON {
    .members([
      "id": .string(receipt.operation.text), "to_user": .string(recipient), "amount": .integer(amount),
      "message": message.map(JSON.string), "created_at": .string(receipt.at), "balance": .integer(receipt.balance),
    ])
  }
}

extension Transfer.Receipt {
  func json(reverses transfer: String) -> JSON {
    [
      "id": .string(operation.text), "reverses": .string(transfer), "amount": .integer(amount),
      "created_at": .string(at), "balance": .integer(balance),
    ]
  }
}

extension Purchase {
  func json(_ receipt: Receipt, _ collection: Classifier?, _ level: Classifier?) -> JSON {
    .members([
      "id": .string(receipt.operation.text), "item": .string(item), "quantity": .integer(quantity),
      "collection": (collection?.code).map(JSON.string), "quality_level": (level?.code).map(JSON.string),
      "price": .integer(receipt.price), "total": .integer(receipt.price * quantity),
      "created_at": .string(receipt.at), "balance": .integer(receipt.balance),
      "order": ["id": .string(receipt.operation.text), "status": .string(receipt.status)],
    ])
  }
}

extension Order {
  func json(withUser: Bool) -> JSON {
    .members([
      "id": .string(id.text), "user": withUser ? .string(user) : nil, "item": .string(item), "name": .string(name),
      "quantity": .integer(quantity), "collection": collection.map(JSON.string),
      "quality_level": qualityLevel.map(JSON.string), "price": .integer(price), "total": .integer(total),
      "status": .string(status), "ordered_at": .string(orderedAt), "ready_at": readyAt.map(JSON.string),
      "handed_over_at": handedOverAt.map(JSON.string), "cancelled_at": cancelledAt.map(JSON.string),
      "returned_at": returnedAt.map(JSON.string), "note": note.map(JSON.string),
    ])
  }

  static let header: [CSV.Cell] = [
    "id", "user", "item", "name", "quantity", "collection", "quality_level", "price", "total", "status", "ordered_at",
    "ready_at", "handed_over_at", "cancelled_at", "returned_at", "note",
  ]

  var cells: [CSV.Cell] {
    func text(_ value: String?) -> CSV.Cell { .text(value ?? "") }
    return [
      .text(id.text), .text(user), .text(item), .text(name), .number(quantity), text(collection), text(qualityLevel),
      .number(price), .number(total), .text(status), .text(orderedAt), text(readyAt), text(handedOverAt),
      text(cancelledAt), text(returnedAt), text(note),
    ]
  }
}

extension History.Entry {
  var json: JSON {
    .members([
      "id": .string(id.text), "at": .string(at), "kind": .string(kind), "change": .integer(change),
      "balance": .integer(balance), "counterpart": counterpart.map(JSON.string),
      "counterpart_name": counterpartName.map(JSON.string), "item": item.map(JSON.string),
      "quantity": quantity.map(JSON.integer), "message": message.map(JSON.string), "made_by": maker.map(JSON.string),
      "undone": isUndone ? .bool(true) : nil,
    ])
  }

  static let columns: [CSV.Cell] = [
    "id", "at", "kind", "change", "balance", "counterpart", "item", "quantity", "message", "counterpart_name",
    "made_by",
  ]

  var cells: [CSV.Cell] {
    [
      .text(id.text), .text(at), .text(kind), .number(change), .number(balance), .text(counterpart ?? ""),
      .text(item ?? ""), quantity.map(CSV.Cell.number) ?? "", .text(message ?? ""), .text(counterpartName ?? ""),
      .text(maker ?? ""),
    ]
  }
}

extension Holdings {
  var json: JSON { ["coins": .integer(coins), "items": .array(lines.map(\.json))] }
}

extension Holdings.Line {
  fileprivate var json: JSON {
    .members([
      "section": .string(section), "item_id": .string(item.text), "code": .string(code), "name": .string(name),
      "collection": collection.map(JSON.string), "quality_level": qualityLevel.map(JSON.string),
      "quantity": .integer(quantity),
    ])
  }
}

extension OwnShare {
  var json: JSON {
    .members(["owned": .integer(owned), "bought": .integer(bought), "left": left.map(JSON.integer)])
  }
}

extension Grants.Entry {
  var json: JSON {
    .members([
      "name": .string(name), "reason": .string(reason), "amount": amount.map(JSON.integer),
      "to": isToEverybody ? "all" : "list", "status": isDone ? "done" : "running", "done": .integer(done),
      "total": .integer(total), "total_coins": .integer(totalCoins), "refused": .integer(refused),
      "created_at": .string(createdAt), "finished_at": finishedAt.map(JSON.string),
      "created_by": createdBy.map(JSON.string),
    ])
  }
}

extension Grants.Recipient {
  var json: JSON {
    .members([
      "username": .string(username), "amount": .integer(amount), "at": at.map(JSON.string), "status": .string(status),
    ])
  }
}

extension Identities.Entry {
  var json: JSON {
    [
      "n": .integer(number), "issuer": .string(issuer), "subject": .string(subject), "linked_at": .string(linkedAt),
    ]
  }
}

extension Invitations.Entry {
  var json: JSON {
    .members([
      "id": .string(id.text), "email": email.map(JSON.string), "role": .string(role.rawValue),
      "state": .string(state.rawValue), "created_at": .string(createdAt), "expires_at": .string(expiresAt),
      "created_by": createdBy.map(JSON.string), "used_by": usedBy.map(JSON.string),
    ])
  }
}

extension OwnSessions.Entry {
  func json(isCurrent: Bool) -> JSON {
    [
      "id": .string(id.text), "created_at": .string(createdAt), "last_seen_at": .string(lastSeenAt),
      "address": address.map(JSON.string) ?? .null, "user_agent": userAgent.map(JSON.string) ?? .null,
      "current": .bool(isCurrent),
    ]
  }
}
