internal import FastCGI
internal import Telemetry

enum HealthCommand: Command {
  static let name = "health"
  static let summary = "Asks a pool for its health over its socket; exits with 0 if it is well."
  static let usage = "tuckshop health [--pool NAME] [--live]"

  static func run(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32 {
    let pool = try arguments.takeOption("--pool") ?? "ops"
    let path = arguments.takeFlag("--live") ? "/health/live" : "/health/ready"
    try arguments.finish()
    let socket = try environment.value(\.worker.runDirectory) + "/\(pool).sock"
    let answer = try Client.get(path, socket: socket, timeoutMilliseconds: 2000)
    say(String(decoding: answer.body, as: UTF8.self))
    return answer.status == 200 ? 0 : 1
  }
}

enum DrainCommand: Command {
  static let name = "drain"
  static let summary = "Makes readiness fail, so that a balancer sends no more requests; off undoes it."
  static let usage = "tuckshop drain on|off"

  static func run(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32 {
    let word = arguments.takeWord()
    try arguments.finish()
    guard let word, ["on", "off"].contains(word) else { throw UsageError("drain wants on or off") }
    let memory = try SharedMemory(path: environment.value(\.worker.runDirectory) + "/shared.page")
    memory.isDraining = word == "on"
    return 0
  }
}
