internal import CPostgres
internal import Glibc

extension Connection {
  /// All rows of one prepared statement, each turned into a Swift value before the result is freed.
  package func rows<T>(_ sql: SQL, _ read: (Row) throws -> T) throws -> [T] {
    try rows(sql, most: .max, read)
  }

  /// The first row alone, if there is one.
  package func row<T>(_ sql: SQL, _ read: (Row) throws -> T) throws -> T? {
    try rows(sql, most: 1, read).first
  }

  private func rows<T>(_ sql: SQL, most: Int32, _ read: (Row) throws -> T) throws -> [T] {
    let result = try execute(sql)
    defer { PQclear(result) }
    let columns = Columns(of: result)
    do {
      return try (0..<min(most, PQntuples(result))).map { try read(Row(columns: columns, index: $0)) }
    } catch let error as PostgresError {
      throw error.during(sql.text)
    }
  }

  /// The row of a statement that always has one.
  package func onlyRow<T>(_ sql: SQL, _ read: (Row) throws -> T) throws -> T {
    guard let value = try row(sql, read) else {
      throw PostgresError(reason: .mismatch, message: "no row where one is due").during(sql.text)
    }
    return value
  }

  /// The first column of the only row.
  package func value<T: PostgresDecodable>(_ sql: SQL, as type: T.Type = T.self) throws -> T {
    try onlyRow(sql) { try $0.value(0, as: type) }
  }

  /// Runs a statement for its effect; the number of rows it touched.
  @discardableResult
  package func run(_ sql: SQL) throws -> Int {
    let result = try execute(sql)
    defer { PQclear(result) }
    return Int(String(cString: PQcmdTuples(result))) ?? 0
  }

  /// One statement as plain text and unprepared: what migrations and transaction control are made of.
  package func perform(_ text: String) throws {
    PQclear(try exchange(text) { PQsendQuery(handle, text) })
  }

  /// Outside a transaction, a statement that PostgreSQL ended in favour of another session had no effect, so it is run once
  /// more after a short pause. Inside a transaction, only `transaction` can repeat the whole.
  private func execute(_ sql: SQL) throws -> OpaquePointer {
    do {
      return try executeOnce(sql)
    } catch let error as PostgresError where error.isTransient && mayRepeat {
      pauseBeforeRepeating(attempt: 2)
      return try executeOnce(sql)
    }
  }

  private func executeOnce(_ sql: SQL) throws -> OpaquePointer {
    do {
      return try send(sql)
    } catch let error as PostgresError where error.staleStatement && !sql.isPlannedAnew {
      session.statements.removeAll()
      // The error has already ended a transaction; `transaction` begins it again.
      guard !isInTransaction else { throw error }
      try perform("DEALLOCATE ALL")
      return try send(sql)
    }
  }

  private func send(_ sql: SQL) throws -> OpaquePointer {
    let parameters = try ParameterText(sql.binds)
    let count = Int32(sql.binds.count)
    let name = sql.isPlannedAnew ? nil : try session.statements[sql.text] ?? prepare(sql.text)
    return try exchange(sql.text, binds: sql.binds) {
      parameters.withPointers { values in
        if let name { return PQsendQueryPrepared(handle, name, count, values, nil, nil, 0) }
        return PQsendQueryParams(handle, sql.text, count, nil, values, nil, nil, 0)
      }
    }
  }

  private func prepare(_ text: String) throws -> String {
    let name = session.statements.nextName()
    PQclear(try exchange(text) { PQsendPrepare(handle, name, text, 0, nil) })
    if let leaving = session.statements.insert(text, name: name) { try perform("DEALLOCATE \(leaving)") }
    return name
  }

  /// Sends, flushes and collects, never waiting past the borrower's deadline. The first error wins.
  private func exchange(_ text: String, binds: [Bind] = [], send: () -> Int32) throws -> OpaquePointer {
    do {
      // A session with a dead socket refuses to send: then nothing has happened.
      guard send() == 1 else { throw broken() }
    } catch let error as PostgresError {
      throw error.during(text)
    }
    var kept: OpaquePointer?
    do {
      while true {
        let left = PQflush(handle)
        if left == 0 { break }
        if left < 0 { throw broken() }
        try wait(for: POLLIN | POLLOUT, until: session.deadline)
        guard PQconsumeInput(handle) == 1 else { throw broken() }
      }
      while let result = try nextResult() {
        // COPY waits for data that nothing here sends or reads, and libpq would return the same result for ever.
        guard ![PGRES_COPY_IN, PGRES_COPY_OUT].contains(PQresultStatus(result)) else {
          PQclear(result)
          throw PostgresError(reason: .mismatch, message: "COPY to or from the client is not supported")
        }
        let status = PQresultStatus(kept)
        if kept == nil || status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK {
          PQclear(kept)
          kept = result
        } else {
          PQclear(result)
        }
      }
      guard let kept else { throw broken() }
      let status = PQresultStatus(kept)
      guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else {
        throw PostgresError(result: kept, binds: binds, connectionIsBad: PQstatus(handle) != CONNECTION_OK)
      }
      return kept
    } catch var error as PostgresError {
      PQclear(kept)
      error.outcomeUnknown = error.reason == .connection || error.reason == .deadline
      throw error.during(text)
    }
  }

  private func nextResult() throws -> OpaquePointer? {
    while PQisBusy(handle) == 1 {
      try wait(for: POLLIN, until: session.deadline)
      // A FATAL message may come before the end of the stream: read on, the result has it.
      if PQconsumeInput(handle) == 0 && PQisBusy(handle) == 1 { throw broken() }
    }
    return PQgetResult(handle)
  }

  /// libpq's own message, on one line.
  func broken() -> PostgresError {
    let lines = String(cString: PQerrorMessage(handle)).split(whereSeparator: \.isNewline)
    let message = lines.map { $0.drop { $0 == "\t" || $0 == " " } }.joined(separator: "; ")
    return PostgresError(reason: .connection, message: message)
  }
}

/// Bound values as C strings for libpq, all in one buffer.
private struct ParameterText {
  private var bytes: [CChar] = []
  private var starts: [Int?] = []

  init(_ binds: [Bind]) throws {
    starts.reserveCapacity(binds.count)
    for bind in binds {
      guard case .text(var text) = bind else {
        starts.append(nil)
        continue
      }
      starts.append(bytes.count)
      try text.withUTF8 { letters in
        // A NUL would cut the value short without an error.
        guard !letters.contains(0) else {
          throw PostgresError(reason: .refused, sqlstate: "22021", message: "a value contains NUL")
        }
        letters.withMemoryRebound(to: CChar.self) { bytes.append(contentsOf: $0) }
      }
      bytes.append(0)
    }
  }

  func withPointers<T>(_ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> T) -> T {
    bytes.withUnsafeBufferPointer { buffer in
      let pointers = starts.map { start in start.map { buffer.baseAddress! + $0 } }
      return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
  }
}

/// The prepared statements of a session, and their names.
struct StatementCache {
  private var names: [String: String] = [:]
  private var order: [String] = []
  private var made = 0

  /// Enough for every statement of the program; a limit for text that differs each time.
  static let capacity = 256

  subscript(text: String) -> String? { names[text] }

  mutating func nextName() -> String {
    made += 1
    return "s\(made)"
  }

  /// Returns the name of the statement that it replaces, if the cache is full.
  mutating func insert(_ text: String, name: String) -> String? {
    names[text] = name
    order.append(text)
    return order.count > Self.capacity ? names.removeValue(forKey: order.removeFirst()) : nil
  }

  mutating func removeAll() {
    names.removeAll()
    order.removeAll()
  }
}
