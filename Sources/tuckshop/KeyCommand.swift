internal import Glibc
internal import Tokens

enum KeyCommand: Command {
  static let name = "key"
  static let summary = "Makes, rotates and shows the keys that sign tokens."
  static let usage = """
    tuckshop key create [--algorithm HS256|EdDSA]   a new key file, for its owner alone
           tuckshop key rotate [--algorithm …]             a new key signs; the previous one still verifies
           tuckshop key show                               ids, algorithms, public keys: no secret

    HS256 verifies in a tenth of the time; EdDSA is for when others verify our tokens too. Workers notice a
    rotation by themselves. A second rotation ends what the oldest key signed.
    """

  static func run(_ arguments: inout Arguments, _ environment: Environment) throws -> Int32 {
    let algorithm = try arguments.takeOption("--algorithm").map { text in
      guard let algorithm = SignatureAlgorithm(rawValue: text), [.hs256, .edDSA].contains(algorithm) else {
        throw UsageError("--algorithm is HS256 or EdDSA")
      }
      return algorithm
    }
    guard let verb = arguments.takeWord() else { throw UsageError("key wants a word after it") }
    try arguments.finish()
    let path = try environment.value(\.tokens.keyFile)
    let now = time(nil)
    switch verb {
    case "create": try TokenKeys.create(path, algorithm ?? .hs256, now: now)
    case "rotate": try TokenKeys.rotate(path, to: algorithm, now: now)
    case "show": break
    default: throw UsageError("key \(verb) is not understood")
    }
    let keys = try TokenKeys(file: path)
    for line in keys.summary { say(line) }
    if verb == "show", let pem = keys.publicKeyPEM() { say(pem) }
    return 0
  }
}
