import FoundationEssentials
import Glibc
import Support
import Testing

@Suite(.tiers(.e2e, .slow), .serialized)
struct RunTests {
  @Test(arguments: [SIGINT, SIGTERM])
  func `bin/run stops cleanly and starts again`(signal: Int32) throws {
    let directory = try TemporaryDirectory()
    for _ in 0..<2 {
      let world = try World(local: directory)
      #expect(try world.stop(signal) == 0)
      #expect(world.remains() == [])
      #expect(!FileManager.default.fileExists(atPath: directory / "run"))
    }
  }

  @Test func `two copies of bin/run work side by side`() throws {
    let first = try World()
    let second = try World()
    #expect(try first.ask("/health/ready").status == 200)
    #expect(try second.ask("/health/ready").status == 200)
    #expect(try first.stop() == 0)
    #expect(try second.ask("/health/ready").status == 200)
  }

  @Test func `a busy port is named, and nothing is started`() throws {
    let first = try World()
    let failure = #expect(throws: Failure.self) { try World(["TUCKSHOP_PORT": "\(first.port)"]) }
    #expect(failure?.description.contains("\(first.port)") == true)
    #expect(failure?.description.contains("TUCKSHOP_PORT") == true)
  }

  @Test(arguments: ["postgres", "app", "ops", "nginx"])
  func `a process that dies is started again`(part: String) throws {
    let world = try World()
    let victim = part == "postgres" ? try world.pid(ofPostgres: ())[0] : try world.pid(of: part)
    kill(victim, SIGKILL)
    try eventually("\(part) is gone") { kill(victim, 0) != 0 }
    for path in ["/health/ready", "/api/v1/health"] {
      try eventually("\(path) is answered again") { try world.ask(path).status == 200 }
    }
    #expect(try world.stop() == 0)
    #expect(world.remains() == [])
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `a signal during the start of processes ends them all`(signal: Int32) throws {
    let directory = try TemporaryDirectory()
    let script = """
      set -euo pipefail
      cd "$1"
      . "$0/bin/lib.sh"
      finish() {
        end_children "${!children[*]}" "TERM 1 TERM 5"
        exit 0
      }
      on_signals finish
      for number in {1..1000}; do
        launch "sleeper-$number" /dev/null sleep 1000
        echo "$number"
      done
      """
    // The signal comes at an arbitrary moment, most often during a fork.
    for started in 1...10 {
      let log = directory / "launch-\(started).log"
      let program = try Program("/bin/bash", ["-c", script, projectRoot, directory.path], logPath: log)
      try eventually("some are started") { program.log.contains("\(started)\n") }
      kill(-program.pid, signal)
      #expect(try program.wait() == 0)
      #expect(processes(of: directory) == [])
    }
  }

  @Test func `a signal ends a step with all of its processes, in whatever process groups`() throws {
    let directory = try TemporaryDirectory()
    let script = """
      set -euo pipefail
      cd "$1"
      . "$0/bin/lib.sh"
      finish() {
        end_step
        exit "$1"
      }
      on_signals finish
      step - bash -c 'set -m; sleep 1000 & echo started; wait'
      """
    let program = try Program("/bin/bash", ["-c", script, projectRoot, directory.path], logPath: directory / "log")
    try eventually("it is started") { program.log.contains("started") }
    program.signal(SIGTERM)
    #expect(try program.wait() == 128 + SIGTERM)
    try eventually("nothing of it remains") { processes(of: directory) == [] }
  }
}
