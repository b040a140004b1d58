import FoundationEssentials
import Ledger
import Postgres
import Shop
import Synchronization

/// The state that must hold after all sessions of a scenario have ended.
extension Stage {
  /// The faults in words; empty if there are none.
  func faults(_ connection: borrowing Connection) throws -> [String] {
    try bookFaults(connection) + answerFaults(connection)
  }

  /// Checks the books against themselves. Each account equals its postings; their versions have no gap, they carry the
  /// balance after them, and their times only grow. An operation has postings if and only if it was done. One operation
  /// closed each closed reservation. Reserved items are in the section factory.
  private func bookFaults(_ connection: borrowing Connection) throws -> [String] {
    let (owners, things) = (people.arrayText, items.arrayText)
    return try connection.rows(
      """
      WITH mine AS MATERIALIZED (
        SELECT a.* FROM accounts a WHERE a.owner = ANY (\(owners)::uuid[])
        UNION ALL
        SELECT a.* FROM assets s JOIN accounts a ON a.owner IS NULL AND a.asset = s.id
        WHERE s.item_id = ANY (\(things)::uuid[])
      ), entries AS MATERIALIZED (
        SELECT m.id, p.at, -p.amount AS change, p.debit_balance AS balance, p.debit_version AS version
        FROM mine m JOIN postings p ON p.debit = m.id AND p.debit >= 1000
        UNION ALL
        SELECT m.id, p.at, p.amount, p.credit_balance, p.credit_version
        FROM mine m JOIN postings p ON p.credit = m.id AND p.credit >= 1000
      ), links AS (
        SELECT e.*, sum(e.change) OVER line AS due, row_number() OVER line AS number, lag(e.at) OVER line AS earlier
        FROM entries e WINDOW line AS (PARTITION BY e.id ORDER BY e.version, e.at)
      ), done AS MATERIALIZED (
        SELECT o.* FROM operations o WHERE o.owner = ANY (\(owners)::uuid[])
      )
      SELECT format('account %s (%s) holds %s at version %s, its %s postings add up to %s',
                    m.id, m.section, m.balance, m.version, count(e.id), coalesce(sum(e.change), 0))
      FROM mine m LEFT JOIN entries e ON e.id = m.id GROUP BY m.id, m.section, m.balance, m.version, m.moved_at
      HAVING (m.balance, m.version, m.moved_at)
        IS DISTINCT FROM (coalesce(sum(e.change), 0), count(e.id), coalesce(max(e.at), '-infinity'))
      UNION ALL
      SELECT format('account %s, posting %s: balance %s, version %s, where %s and %s are due',
                    l.id, l.at, l.balance, l.version, l.due, l.number)
      FROM links l WHERE (l.balance, l.version) IS DISTINCT FROM (l.due, l.number) OR l.at <= l.earlier
      UNION ALL
      SELECT format('operation %s (%s, %s) has %s postings', o.id, o.kind, o.outcome, n.count)
      FROM done o CROSS JOIN LATERAL (SELECT count(*) FROM postings p WHERE p.operation = o.id) n
      WHERE (o.outcome = 'done') <> (n.count > 0)
      UNION ALL
      SELECT format('reservation %s is %s, %s operations closed it', r.key, r.status, n.count)
      FROM reservations r CROSS JOIN LATERAL (
        SELECT count(*) FROM done o WHERE o.owner = r.owner AND o.key = r.key AND o.outcome = 'done'
          AND o.kind IN ('return_reserve', 'consume_reserve', 'expire_reserve')) n
      WHERE r.owner = ANY (\(owners)::uuid[]) AND n.count <> CASE r.status WHEN 'active' THEN 0 ELSE 1 END
      UNION ALL
      SELECT format('order %s is %s, %s operations refunded it', r.id, r.status, n.count)
      FROM orders r CROSS JOIN LATERAL (
        SELECT count(*) FROM done o WHERE o.kind = 'refund' AND o.reverses = r.id AND o.outcome = 'done') n
      WHERE r.owner = ANY (\(owners)::uuid[])
        AND n.count <> CASE WHEN r.status IN ('cancelled', 'returned') THEN 1 ELSE 0 END
      UNION ALL
      SELECT format('%s has bought %s of %s, and may have %s', a.owner, sum(a.bought), i.code, i.limit_per_person)
      FROM mine a JOIN assets s ON s.id = a.asset JOIN items i ON i.id = s.item_id
      GROUP BY a.owner, i.id HAVING sum(a.bought) > i.limit_per_person OR sum(a.bought) <> coalesce((
        SELECT sum(r.quantity) FROM orders r JOIN assets o ON o.id = r.asset
        WHERE r.owner = a.owner AND o.item_id = i.id AND r.status NOT IN ('cancelled', 'returned')), 0)
      """
    ) { try $0.value(0) }
  }

  /// Compares the balances with the answers to the sessions: each successful call counts once.
  private func answerFaults(_ connection: borrowing Connection) throws -> [String] {
    let answers = answers.withLock { $0 }
    var due = beginning
    for answer in answers { count(answer, &due) }
    var faults = twice(answers)
    for (index, key, item, quantity) in try reservations(connection) {
      let status: String = try connection.value(
        "SELECT status FROM reservations WHERE owner = \(people[index]) AND key = \(key)")
      if status == "active" || status == "consumed" { due[Place(index, item, .main), default: 0] -= quantity }
      if status == "active" { due[Place(index, item, .factory), default: 0] += quantity }
    }
    faults += try orderFaults(answers, &due, connection)
    let held = try connection.rows(
      """
      SELECT a.owner, s.item_id, a.section, a.balance FROM accounts a JOIN assets s ON s.id = a.asset
      WHERE a.owner = ANY (\(people.arrayText)::uuid[])
      """
    ) { row in
      let item = try row.value(1, as: UUID?.self)
      return (
        Place(
          people.firstIndex(of: try row.value(0))!, item.map { items.firstIndex(of: $0)! },
          Section(rawValue: try row.value(2))!), try row.value(3, as: Int.self)
      )
    }
    let has = Dictionary(uniqueKeysWithValues: held)
    for place in Set(due.keys).union(has.keys) where due[place] ?? 0 != has[place] ?? 0 {
      faults.append("\(place) holds \(has[place] ?? 0), by the answers it is \(due[place] ?? 0)")
    }
    return faults.sorted()
  }

  /// The rows of the orders show what was refunded. The answers must agree with them: what one session was told to be
  /// handed over, no other one cancelled.
  private func orderFaults(
    _ answers: [Answer], _ due: inout [Place: Int], _ connection: borrowing Connection
  ) throws -> [String] {
    let orders = try connection.rows(
      """
      SELECT r.id, r.owner, s.item_id, r.quantity, r.status::text FROM orders r JOIN assets s ON s.id = r.asset
      WHERE r.owner = ANY (\(people.arrayText)::uuid[])
      """
    ) { row in
      (
        id: try row.value(0, as: UUID.self), owner: people.firstIndex(of: try row.value(1))!,
        item: items.firstIndex(of: try row.value(2))!, quantity: try row.value(3, as: Int.self),
        status: try row.value(4, as: String.self)
      )
    }
    var faults: [String] = []
    for order in orders {
      if order.status == "cancelled" || order.status == "returned" {
        due[Place(order.owner, nil, .main), default: 0] += order.quantity * Scenario.price
        due[Place(order.owner, order.item, .main), default: 0] -= order.quantity
      }
      let done = answers.compactMap { answer -> OrderChange? in
        guard case (.change(let change, _, _), .done(order.id, _)) = (answer.call, answer.told) else { return nil }
        return change
      }
      let line = (order.id == self.order ? scenario.first?.changes ?? [] : []) + done
      let last: OrderChange? = [.cancel, .takeBack, .handOver, .ready].first { line.contains($0) }
      if order.status != last?.rawValue ?? "ordered" || line.contains(.cancel) && line.contains(.handOver) {
        faults.append("order \(order.id) is \(order.status), the sessions were told \(line)")
      }
    }
    return faults
  }

  private struct Place: Hashable, CustomStringConvertible {
    let person: Int
    /// Nil means coins.
    let item: Int?
    let section: Section

    init(_ person: Int, _ item: Int?, _ section: Section) {
      (self.person, self.item, self.section) = (person, item, section)
    }

    var description: String { "person \(person), \(item.map { "item \($0)" } ?? "coins"), \(section)" }
  }

  private var beginning: [Place: Int] {
    var places: [Place: Int] = [:]
    for (index, person) in scenario.people.enumerated() {
      places[Place(index, nil, .main)] = person.coins ?? 0
      places[Place(index, 0, .main)] = person.main ?? 0
      places[Place(index, 0, .factory)] = person.factory ?? 0
    }
    if order != nil {
      places[Place(0, nil, .main), default: 0] -= Scenario.price
      places[Place(0, 0, .main), default: 0] += 1
    }
    if transfer != nil {
      places[Place(0, nil, .main), default: 0] -= Scenario.sent
      places[Place(1, nil, .main), default: 0] += Scenario.sent
    }
    return places
  }

  private func count(_ answer: Answer, _ due: inout [Place: Int]) {
    if case (.handout, .given(let list)) = (answer.call, answer.told) {
      for person in list { due[Place(person, nil, .main), default: 0] += 1 }
    }
    guard case .done(_, isReplay: false) = answer.told else { return }
    switch answer.call {
    case .grant(let person, let amount, _): due[Place(person, nil, .main), default: 0] += amount
    case .transfer(let from, let to, let amount, _):
      due[Place(from, nil, .main), default: 0] -= amount
      due[Place(to, nil, .main), default: 0] += amount
    case .undo:
      due[Place(0, nil, .main), default: 0] += Scenario.sent
      due[Place(1, nil, .main), default: 0] -= Scenario.sent
    case .purchase(let person, let item, let quantity, _):
      due[Place(person, nil, .main), default: 0] -= quantity * Scenario.price
      due[Place(person, item, .main), default: 0] += quantity
    case .add(let person, let item, let section, let quantity, _):
      due[Place(person, item, section), default: 0] += quantity
    case .adjust(let person, let item, let section, let change, _):
      due[Place(person, item, section), default: 0] += change
    // The rows of the reservations and orders show their result.
    case .handout, .reserve, .giveBack, .consume, .expire, .setStock, .sell, .change, .changeAll: break
    }
  }

  /// One key, one content, one operation: all answers name the same operation.
  private func twice(_ answers: [Answer]) -> [String] {
    var operations: [String: UUID] = [:]
    return answers.compactMap { answer in
      guard case .done(let operation?, _) = answer.told, let name = answer.call.identity else { return nil }
      let first = operations[name] ?? operation
      operations[name] = first
      return first == operation ? nil : "\(answer.call) was done as \(first) and as \(operation)"
    }
  }

  /// The owner, key, item and quantity of each reservation.
  private func reservations(_ connection: borrowing Connection) throws -> [(Int, UUID, Int, Int)] {
    try connection.rows(
      """
      SELECT r.owner, r.key, s.item_id, p.amount FROM reservations r JOIN postings p ON p.operation = r.operation
      JOIN assets s ON s.id = p.asset WHERE r.owner = ANY (\(people.arrayText)::uuid[])
      """
    ) { row in
      (
        people.firstIndex(of: try row.value(0))!, try row.value(1), items.firstIndex(of: try row.value(2))!,
        try row.value(3)
      )
    }
  }
}

extension Scenario.Call {
  /// The call's identity in the ledger; nil without a key.
  fileprivate var identity: String? {
    switch self {
    case .transfer(let person, _, _, let key?): "transfer of \(person), \(key)"
    case .purchase(let person, _, _, let key?): "purchase of \(person), \(key)"
    case .undo: "undo"
    case .add(let person, _, _, _, let key): "add to \(person), \(key)"
    case .adjust(let person, _, _, _, let key?): "adjust of \(person), \(key)"
    case .reserve(let person, _, _, let key, _): "reserve of \(person), \(key)"
    default: nil
    }
  }
}

extension [UUID] {
  fileprivate var arrayText: String { "{" + map(\.text).joined(separator: ",") + "}" }
}
