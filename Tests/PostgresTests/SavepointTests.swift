internal import Postgres
internal import Support
internal import Testing

/// A transaction inside a transaction.
@Suite(.tiers(.database))
struct SavepointTests {
  private func words(_ connection: borrowing Connection) throws -> [String] {
    try connection.rows("SELECT word FROM noted ORDER BY word") { try $0.value(0) }
  }

  private func note(_ word: String, _ connection: borrowing Connection) throws {
    try connection.run("INSERT INTO noted VALUES (\(word))")
  }

  private func withTable(_ body: (borrowing Connection) throws -> Void) throws {
    let connection = try TestCluster.connection()
    try connection.perform("CREATE TEMP TABLE noted (word text)")
    try body(connection)
  }

  @Test func `a savepoint takes back only its own part`() throws {
    try withTable { connection in
      try connection.transaction { connection in
        try note("before", connection)
        try? connection.transaction { connection in
          try note("within", connection)
          throw Odd()
        }
        try note("after", connection)
      }
      let kept = try words(connection)
      #expect(kept == ["after", "before"])
    }
  }

  @Test func `after an error of PostgreSQL within a savepoint the transaction can continue`() throws {
    try withTable { connection in
      try connection.transaction { connection in
        try note("before", connection)
        let error = #expect(throws: PostgresError.self) {
          try connection.transaction { try $0.run("SELECT 1/0") }
        }
        #expect(error?.sqlstate == "22012")
        try note("after", connection)
      }
      let kept = try words(connection)
      #expect(kept == ["after", "before"])
    }
  }

  @Test func `savepoints nest, and each knows its own beginning`() throws {
    try withTable { connection in
      try connection.transaction { connection in
        try note("1", connection)
        try connection.transaction { connection in
          try note("2", connection)
          try? connection.transaction { connection in
            try note("3", connection)
            throw Odd()
          }
          try connection.transaction { try note("4", $0) }
        }
        try? connection.transaction { connection in
          try connection.transaction { try note("5", $0) }
          throw Odd()
        }
      }
      let kept = try words(connection)
      #expect(kept == ["1", "2", "4"])
    }
  }

  @Test func `the effects of a savepoint are lost with the transaction around it`() throws {
    try withTable { connection in
      try? connection.transaction { connection in
        try connection.transaction { try note("within", $0) }
        throw Odd()
      }
      let kept = try words(connection)
      #expect(kept.isEmpty)
    }
  }

  @Test func `an error that a savepoint's body swallowed does not pass for success`() throws {
    try withTable { connection in
      try connection.transaction { connection in
        let error = #expect(throws: PostgresError.self) {
          try connection.transaction { connection in
            try note("lost", connection)
            _ = try? connection.run("SELECT 1/0")
          }
        }
        #expect(error?.sqlstate == "25P02")
        try note("after", connection)
      }
      let kept = try words(connection)
      #expect(kept == ["after"])
    }
  }

  @Test(arguments: ["40P01", "55P03", "40001"])
  func `a savepoint is not retried by itself, only with the whole transaction`(sqlstate: String) throws {
    try withTable { connection in
      var outer = 0
      var inner = 0
      try connection.transaction { connection in
        outer += 1
        try connection.transaction { connection in
          inner += 1
          try note("\(inner)", connection)
          if inner < 3 { try connection.fail(sqlstate) }
        }
      }
      let kept = try words(connection)
      #expect([outer, inner] == [3, 3])
      #expect(kept == ["3"])
    }
  }
}
