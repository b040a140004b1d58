internal import Notation
internal import Postgres
internal import Shop

extension Reports.CoinDay {
  static let columns: [CSV.Cell] = ["day", "granted", "spent", "returned", "sent", "outstanding"]

  var cells: [CSV.Cell] {
    [.text(day), .number(granted), .number(spent), .number(returned), .number(sent), .number(outstanding)]
  }

  var json: JSON {
    [
      "day": .string(day), "granted": .integer(granted), "spent": .integer(spent), "returned": .integer(returned),
      "sent": .integer(sent), "outstanding": .integer(outstanding),
    ]
  }
}

extension Reports.Variant {
  fileprivate static let columns: [CSV.Cell] = ["id", "code", "name", "collection", "quality_level"]

  fileprivate var cells: [CSV.Cell] {
    [.text(id.text), .text(code), .text(name), .text(collection ?? ""), .text(qualityLevel ?? "")]
  }

  fileprivate var json: JSON {
    .members([
      "id": .string(id.text), "code": .string(code), "name": .string(name),
      "collection": collection.map(JSON.string), "quality_level": qualityLevel.map(JSON.string),
    ])
  }
}

extension Reports.PurchaseLine {
  static let columns = Reports.Variant.columns + ["purchases", "quantity", "coins", "returned"]

  var cells: [CSV.Cell] {
    variant.cells + [.number(purchases), .number(quantity), .number(coins), .number(returned)]
  }

  var json: JSON {
    variant.json.adding([
      "purchases": .integer(purchases), "quantity": .integer(quantity), "coins": .integer(coins),
      "returned": .integer(returned),
    ])
  }
}

extension Reports.PurchaseDay {
  var json: JSON {
    [
      "day": .string(day), "purchases": .integer(purchases), "quantity": .integer(quantity), "coins": .integer(coins),
    ]
  }
}

extension Reports.StockLine {
  static let columns = Reports.Variant.columns + ["stock", "low_stock_at", "below", "sold"]

  var cells: [CSV.Cell] {
    variant.cells + [
      stock.map(CSV.Cell.number) ?? "", lowStockAt.map(CSV.Cell.number) ?? "", .text(isBelow ? "true" : "false"),
      .number(sold),
    ]
  }

  var json: JSON {
    variant.json.adding([
      "stock": stock.map(JSON.integer), "low_stock_at": lowStockAt.map(JSON.integer), "below": .bool(isBelow),
      "sold": .integer(sold),
    ])
  }
}
