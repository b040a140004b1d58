import FoundationEssentials
import Postgres
import Support
import Testing

/// `tuckshop verify`, run as a process against a database of its own, with the workers' role.
@Suite(.tiers(.e2e, .database))
struct VerifyCommandTests {
  @Test func `verify says that everything agrees, or names each difference and its repair`() throws {
    try withFreshDatabase { name in
      let directory = try TemporaryDirectory()
      let owner = try TestCluster.connection(database: name)
      let anna = UUID()
      try owner.run("INSERT INTO users (id, username) VALUES (\(anna), 'anna')")
      try owner.run("SELECT FROM grant_coins(\(UUID()), \(anna), \(UUID()), NULL, NULL, 50, 'welcome')")
      let account: Int = try owner.value("SELECT id FROM accounts")

      let clean = try verify(name, directory)
      #expect(clean.status == 0)
      #expect(clean.log == "1 accounts, 1 operations and 1 postings agree\n")
      #expect(try verify(name, directory, "--repair-plan").log.contains("there is nothing to repair"))

      try owner.run("UPDATE accounts SET balance = 49, version = 2")
      let broken = try verify(name, directory)
      #expect(broken.status == 1)
      #expect(
        broken.log == """
          account \(account): its balance is 49, its postings add up to 50
            repair: write account \(account) anew from its postings
          account \(account): its version is 2, its postings are 1
            repair: write account \(account) anew from its postings
          asset 1: accounts hold 49, the system's postings leave 50
            repair: to be decided: this follows from accounts or postings named above
          1 accounts, 1 operations and 1 postings: 3 differences

          """)

      let plan = try verify(name, directory, "--repair-plan")
      #expect(plan.status == 1)
      #expect(plan.log.matches(of: /UPDATE accounts/).count == 1)
      // A plan changes nothing until an operator runs it.
      #expect(try verify(name, directory).log == broken.log)
      try owner.perform(plan.log)
      #expect(try verify(name, directory).log == clean.log)
    }
  }

  @Test func `an error in the call or the database is explained`() throws {
    try withEmptyDatabase { name in
      let directory = try TemporaryDirectory()
      let odd = try verify(name, directory, "--repair")
      #expect(odd.status == 64)
      #expect(odd.log.contains("--repair is not understood"))
      let empty = try verify(name, directory)
      #expect(empty.status == 1)
      #expect(empty.log.contains("relation \"accounts\" does not exist"))
    }
  }

  private func verify(
    _ database: String, _ directory: TemporaryDirectory, _ arguments: String...
  ) throws -> (status: Int32, log: String) {
    let command = try Program(
      Program.built("tuckshop"), ["verify"] + arguments,
      environment: ["PGHOST": TestCluster.host, "PGDATABASE": database, "PGUSER": TestCluster.app],
      logPath: directory / "log-\(UInt32.random(in: 0 ... .max))")
    return (try command.wait(seconds: 60), command.log)
  }
}
