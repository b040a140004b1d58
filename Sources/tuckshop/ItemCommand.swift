internal import API
internal import Audit
internal import FoundationEssentials
internal import Notation
internal import Postgres
internal import Shop

enum ItemCommand: Command {
  static let name = "item"
  static let summary = "Lists, adds and imports the items of the catalogue, without the API."
  static let usage = """
    tuckshop item list
           tuckshop item add --name N --price P [--code C] [--class C] [--type T] [--description D] [--stock S]
                             [--limit N] [--low-stock-at N] [--sizes S,M,…] [--collections C,…] [--no-hand-over]
           tuckshop item import FILE.csv [--dry-run] [--continue]

    list prints a table: code, name, price, stock, variants and whether the item is active.
    add makes one item. A price of none means not for sale; without --stock, it is unlimited. With --sizes or
    --collections, the item is sold in these only, each with that stock; sizes are quality levels.
    An import reads the columns code, name, price, description, class, type, collection, quality_level, stock,
    limit_per_person, low_stock_at and hand_over under a line that names them; only code is required. It makes items
    with a new code, and changes the others; what an empty field names stays as it is. Several lines with one code are
    the variants of one item: together they are its whole list, in this order, and a line without collection and quality
    level is its standard variant beside the others. A stock may be unlimited; a price, a limit or a mark may be none.
    If a line is wrong, nothing is changed, unless you give --continue: then the items without an error are.
    --dry-run says what would be made and changed, and changes nothing.

    Connects as the owner of the schema: set PGUSER, or TUCKSHOP_DATABASE_URL.
    """

  static func run(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32 {
    guard let verb = arguments.takeWord() else { throw UsageError("item wants a word after it") }
    switch verb {
    case "list":
      try arguments.finish()
      for line in try ItemLine.read(on: try environment.open()) { say(line.text) }
    case "add": try add(&arguments, environment)
    case "import": return try bringIn(&arguments, environment)
    default: throw UsageError("item \(verb) is not understood")
    }
    return 0
  }

  private static func add(_ arguments: inout Arguments, _ environment: Environment) throws {
    var members: [JSON.Member] = []
    for option in ["--code", "--name", "--description", "--class", "--type"] {
      guard let text = try arguments.takeOption(option) else { continue }
      members.append(.init(name: String(option.dropFirst(2)), value: .string(text)))
    }
    for (option, name) in [("--price", "price"), ("--limit", "limit_per_person"), ("--low-stock-at", "low_stock_at")] {
      guard let text = try arguments.takeOption(option) else { continue }
      members.append(.init(name: name, value: ItemTable.value(text, of: name)))
    }
    if arguments.takeFlag("--no-hand-over") { members.append(.init(name: "hand_over", value: .bool(false))) }
    let stock = try arguments.takeOption("--stock").map { ItemTable.value($0, of: "stock") }
    let list = variants(
      try arguments.takeOption("--collections"), try arguments.takeOption("--sizes"), stock)
    if !list.isEmpty {
      members.append(.init(name: "variants", value: .array(list)))
    } else if let stock {
      members.append(.init(name: "stock", value: stock))
    }
    try arguments.finish()
    let connection = try environment.open()
    let entry = try ItemEntry(members, isNew: true, classifiers(on: connection))
    let item = try Catalogue.enter(entry.draft, entry.variants, into: nil, by: .commandLine, on: connection)
    for line in try ItemLine.read(item.id, on: connection) { say(line.text) }
  }

  /// Every size of every collection, each with this stock.
  private static func variants(_ collections: String?, _ sizes: String?, _ stock: JSON?) -> [JSON] {
    func codes(_ list: String?) -> [JSON?] {
      list.map { $0.split(separator: ",", omittingEmptySubsequences: false).map { .string(String($0)) } } ?? [nil]
    }
    guard collections != nil || sizes != nil else { return [] }
    return codes(collections).flatMap { collection in
      codes(sizes).map { JSON.members(["collection": collection, "quality_level": $0, "stock": stock]) }
    }
  }

  private static func classifiers(on connection: borrowing Connection) throws -> Classifiers {
    let classifiers = Classifiers()
    try classifiers.readAll(now: 0, on: connection)
    return classifiers
  }

  private struct Undo: Error {}

  /// A transaction for each item. Before the first one, all are tried and undone, so that every mistake is known.
  private static func bringIn(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32 {
    let isDryRun = arguments.takeFlag("--dry-run")
    let goesOn = arguments.takeFlag("--continue")
    guard let path = arguments.takeWord() else { throw UsageError("item import wants a file") }
    try arguments.finish()
    var table = try ItemTable(CSV(parsing: contents(of: path)))
    let connection = try environment.open()
    let classifiers = try classifiers(on: connection)
    var outcome = try walk(&table) { entry in
      var isNew = false
      do {
        try connection.transaction { connection in
          isNew = try enter(entry, classifiers, on: connection)
          throw Undo()
        }
      } catch is Undo {}
      return isNew
    }
    let isOnlyLooked = isDryRun || table.entries.contains { !$0.problems.isEmpty } && !goesOn
    if !isOnlyLooked { outcome = try walk(&table) { try enter($0, classifiers, on: connection) } }
    let problems = table.entries.flatMap(\.problems).sorted { $0.line < $1.line }
    for problem in problems { complain("\(path), line \(problem.line): \(problem.message)") }
    if isDryRun {
      for line in outcome.made.map({ "make \($0)" }) + outcome.changed.map({ "change \($0)" }) { say(line) }
    }
    let would = isOnlyLooked ? "would be " : ""
    say(
      "\(outcome.made.count) \(would)made, \(outcome.changed.count) \(would)changed, "
        + "\(table.entries.count { !$0.problems.isEmpty }) cannot\(isOnlyLooked ? "; nothing was changed" : "")")
    return problems.isEmpty ? 0 : 1
  }

  /// The codes of the items that are new, and of the others. The table keeps what is wrong with the rest.
  private static func walk(
    _ table: inout ItemTable, _ step: (ItemTable.Entry) throws -> Bool
  ) throws -> (made: [String], changed: [String]) {
    var progress = Progress(of: table.entries.count)
    var (made, changed): ([String], [String]) = ([], [])
    for index in table.entries.indices {
      let entry = table.entries[index]
      defer { progress.show(index + 1) }
      guard entry.problems.isEmpty else { continue }
      do {
        if try step(entry) { made.append(entry.code) } else { changed.append(entry.code) }
      } catch let mistakes as ItemMistakes {
        for mistake in mistakes.each { table.entries[index].refuse(mistake.sentence, row: mistake.variant) }
      } catch let refusal as CatalogueRefusal {
        table.entries[index].refuse(refusal.description)
      }
    }
    return (made, changed)
  }

  /// True if the item is new.
  private static func enter(
    _ entry: ItemTable.Entry, _ classifiers: Classifiers, on connection: borrowing Connection
  ) throws -> Bool {
    let id = try Item.id(of: entry.code, on: connection)
    let code = id == nil ? [JSON.Member(name: "code", value: .string(entry.code))] : []
    let read = try ItemEntry(code + entry.members, isNew: id == nil, classifiers)
    _ = try Catalogue.enter(read.draft, read.variants, into: id, by: .commandLine, on: connection)
    return id == nil
  }
}

extension ItemLine {
  fileprivate var text: String {
    CSV.line([
      .text(code), .text(name), price.map(CSV.Cell.number) ?? "none", .text(stock), .text(variants),
      isActive ? "active" : "not active",
    ])
  }
}
