internal import Audit
internal import HTTP
internal import Postgres
internal import Shop

/// Sets the whole list of variants in which the shop sells an item.
func putVariants(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let id = try request.itemID()
  let (list, reason) = try visit.context.reading(on: connection) { classifiers in
    let body = try Reader(bodyOf: request)
    let read = ([VariantDraft](body, classifiers), body.text("reason", 0...500))
    try body.finish()
    return read
  }
  let editor = Editor(visit.caller, request, reason: reason)
  let condition = try request.condition(isRequired: visit.context.storefront.requiresCondition)
  return .item(try Catalogue.setVariants(list, of: id, if: condition, by: editor, on: connection))
}

/// Counts the pieces of one variant anew, with a reason.
func putStock(_ request: Request, _ visit: Visit, _ connection: borrowing Connection) throws -> Response {
  let id = try request.itemID()
  let (collection, level, quantity, reason) = try visit.context.reading(on: connection) { classifiers in
    let body = try Reader(bodyOf: request)
    let (collection, level) = (classifiers.named("collection", in: body), classifiers.named("quality_level", in: body))
    let (quantity, reason) = try body.finish(
      body.nullable("stock", isRequired: true) { try checkQuantity($0, atLeast: 0) },
      body.text("reason", 1...500, isRequired: true))
    return (collection, level, quantity, reason)
  }
  let editor = Editor(visit.caller, request, reason: reason)
  let condition = try request.condition(isRequired: visit.context.storefront.requiresCondition)
  return .item(
    try Catalogue.setStock(quantity, of: id, collection, level, if: condition, by: editor, on: connection))
}
