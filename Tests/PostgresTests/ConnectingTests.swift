internal import Glibc
internal import Postgres
internal import Support
internal import Testing

/// Opening a session when that is difficult.
@Suite(.tiers(.database, .faults))
struct ConnectingTests {
  @Test func `a refused connection is retried with growing pauses until its time is over`() throws {
    let away = try Doorstep()
    let lender = makeLender(away.settings(), connectMilliseconds: 1000)
    var complaints: [PostgresError] = []
    lender.onFailure = { complaints.append($0) }
    let error = #expect(throws: PostgresError.self) { try lender.lend(until: ample) { _ in } }
    #expect(error?.reason == .connection)
    #expect(error?.isUnavailable == true)
    #expect(error?.outcomeUnknown == false)
    // Pauses of at least 25, 50, 100, 200 and 400 ms leave room for at most six attempts in a second.
    #expect((2...6).contains(lender.failures))
    #expect(complaints.count == 1)
  }

  @Test func `the borrower's own deadline ends the attempts too`() throws {
    let away = try Doorstep()
    let lender = makeLender(away.settings(), connectMilliseconds: 600_000)
    #expect(throws: PostgresError.self) { try lender.lend(until: .after(milliseconds: 150)) { _ in } }
    // At least 25, 50 and 100 ms: a fourth attempt would come after the deadline.
    #expect((1...3).contains(lender.failures))
  }

  @Test func `a server that comes up during the attempts is used`() throws {
    let doorstep = try Doorstep()
    let listener = try doorstep.listenInSilence()
    let server = Job {
      // The first attempt is refused; the server is there at the next one.
      let caller = accept(listener.descriptor, nil, nil)
      try doorstep.open()
      close(caller)
    }
    let lender = makeLender(doorstep.settings())
    let value = try lender.lend(until: ample) { try $0.value("SELECT 1", as: Int.self) }
    try server.value()
    #expect(value == 1)
    #expect(lender.failures == 1)
    #expect(lender.opened == 1)
  }

  @Test func `a silent host ends at the deadline and uses up only one attempt`() throws {
    let silent = try Doorstep()
    let listener = try silent.listenInSilence()
    defer { withExtendedLifetime(listener) {} }
    let lender = makeLender(silent.settings(before: ",\(TestCluster.host)"), connectMilliseconds: 1000)
    let error = #expect(throws: PostgresError.self) { try lender.lend(until: ample) { _ in } }
    #expect(error?.reason == .deadline)
    #expect([lender.failures, lender.opened] == [1, 0])

    let value = try lender.lend(until: ample) { try $0.value("SELECT 1", as: Int.self) }
    #expect(value == 1)
    #expect([lender.failures, lender.opened] == [1, 1])
  }

  @Test func `a silent host does not delay the idle tick beyond its limit`() throws {
    let silent = try Doorstep()
    let listener = try silent.listenInSilence()
    defer { withExtendedLifetime(listener) {} }
    let lender = makeLender(silent.settings(), connectMilliseconds: 50)
    lender.tend()
    #expect([lender.failures, lender.opened] == [1, 0])
  }

  @Test func `of a dead and a live host the live one is used at once`() throws {
    let dead = try Doorstep()
    for hosts in ["\(dead.directory),\(TestCluster.host)", "\(TestCluster.host),\(dead.directory)"] {
      var settings = TestCluster.settings()
      settings.conninfo = "host=\(hosts) dbname=tuckshop user=\(TestCluster.owner)"
      let lender = makeLender(settings)
      let value = try lender.lend(until: ample) { try $0.value("SELECT 1", as: Int.self) }
      #expect(value == 1)
      #expect([lender.failures, lender.opened] == [0, 1])
    }
  }

  @Test(arguments: [0, 1, 2, 5, 1_000_001])
  func `each host keeps its own port, whichever comes first`(turn: Int) throws {
    try withClosedPort { port in
      var settings = TestCluster.settings()
      settings.conninfo =
        "host=127.0.0.1,\(TestCluster.host) port=\(port),\(PrivateServer.port) dbname=tuckshop user=\(TestCluster.owner)"
      let connection = try Connection.open(settings, turn: turn, deadline: ample)
      let value: Int = try connection.value("SELECT 1")
      #expect(value == 1)
    }
  }
}
