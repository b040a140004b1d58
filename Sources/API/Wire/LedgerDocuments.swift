internal import HTTP
internal import Ledger
internal import Notation
internal import Postgres

extension Transfer {
  func json(_ receipt: Receipt) -> JSON {
    .members([
      "id": .string(receipt.operation.text), "to_user": .string(recipient), "amount": .integer(amount),
      "message": message.map(JSON.string), "created_at": .string(receipt.at), "balance": .integer(receipt.balance),
    ])
  }
}

extension Transfer.Reversal {
  func json(reverses transfer: String) -> JSON {
    [
      "id": .string(operation.text), "reverses": .string(transfer), "amount": .integer(amount),
      "created_at": .string(at), "balance": .integer(balance),
    ]
  }
}

extension Purchase {
  func json(_ receipt: Receipt) -> JSON {
    [
      "id": .string(receipt.operation.text), "item": .string(item), "quantity": .integer(quantity),
      "price": .integer(receipt.price), "total": .integer(receipt.price * quantity),
      "created_at": .string(receipt.at), "balance": .integer(receipt.balance),
    ]
  }
}

extension History.Entry {
  var json: JSON {
    .members([
      "id": .string(id.text), "at": .string(at), "kind": .string(kind), "change": .integer(change),
      "balance": .integer(balance), "counterpart": counterpart.map(JSON.string), "item": item.map(JSON.string),
      "quantity": quantity.map(JSON.integer), "message": message.map(JSON.string),
    ])
  }

  static let columns: [CSV.Cell] = [
    "id", "at", "kind", "change", "balance", "counterpart", "item", "quantity", "message",
  ]

  var cells: [CSV.Cell] {
    [
      .text(id.text), .text(at), .text(kind), .number(change), .number(balance), .text(counterpart ?? ""),
      .text(item ?? ""), quantity.map(CSV.Cell.number) ?? "", .text(message ?? ""),
    ]
  }
}

extension Response {
  /// An operation on the inventory, with the ids of its postings. They follow from the operation's id, so a repeated
  /// request gets the same ones.
  static func receipt(_ done: Done<Inventory.Receipt>, idsPerLine: Int) -> Response {
    let ids = (0..<done.value.lines * idsPerLine).map { JSON.string(done.value.operation.posting($0 + 1).text) }
    return Response.object([
      "success": .json(.bool(true)), "operation_ids": .json(.array(ids)),
      "final_balances": done.value.finalBalances.map(WireValue.stored),
    ]).marked(done.isReplay)
  }
}
