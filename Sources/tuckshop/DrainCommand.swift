internal import Telemetry

enum DrainCommand: Command {
  static let name = "drain"
  static let summary = "Makes readiness fail, so that a balancer sends no more requests; off undoes it."
  static let usage = "tuckshop drain on|off"

  static func run(_ arguments: Arguments, _ environment: Environment) throws -> Int32 {
    var arguments = arguments
    let word = arguments.takeWord()
    try arguments.finish()
    guard let word, ["on", "off"].contains(word) else { throw UsageError("drain wants on or off") }
    let memory = try SharedMemory(path: environment.value(\.worker.runDirectory) + "/shared.page")
    memory.isDraining = word == "on"
    return 0
  }
}
