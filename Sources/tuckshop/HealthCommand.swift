internal import FastCGI

enum HealthCommand: Command {
  static let name = "health"
  static let summary = "Asks a pool for its health over its socket; exits with 0 if it is well."
  static let usage = "tuckshop health [--pool NAME] [--live]"

  static func run(_ arguments: Arguments, _ environment: Environment) throws -> Int32 {
    var arguments = arguments
    let pool = try arguments.takeOption("--pool") ?? "ops"
    let path = arguments.takeFlag("--live") ? "/health/live" : "/health/ready"
    try arguments.finish()
    let socket = try environment.value(\.worker.runDirectory) + "/\(pool).sock"
    let answer = try Client.get(path, socket: socket, timeoutMilliseconds: 2000)
    say(String(decoding: answer.body, as: UTF8.self))
    return answer.status == 200 ? 0 : 1
  }
}
