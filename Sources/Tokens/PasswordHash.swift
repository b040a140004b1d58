/// A stored password: parameters, salt and tag, written as the PHC string that every Argon2 library reads.
struct PasswordHash {
  let parameters: Argon2.Parameters
  let salt: [UInt8]
  let tag: [UInt8]

  static let saltByteCount = 16
  static let tagByteCount = 32

  /// As expensive as any hash, and matched by no password: none leads to a tag of zeros.
  static func decoy(_ parameters: Argon2.Parameters) -> PasswordHash {
    PasswordHash(
      parameters: parameters, salt: Array(repeating: 0, count: saltByteCount),
      tag: Array(repeating: 0, count: tagByteCount))
  }

  /// A new hash, with a salt of its own.
  static func make(of password: inout [UInt8], _ parameters: Argon2.Parameters) -> PasswordHash? {
    let salt = Random.bytes(saltByteCount)
    return Argon2.tag(of: &password, salt: salt, byteCount: tagByteCount, parameters).map {
      PasswordHash(parameters: parameters, salt: salt, tag: $0)
    }
  }

  func matches(_ password: inout [UInt8]) -> Bool? {
    Argon2.tag(of: &password, salt: salt, byteCount: tag.count, parameters).map { Digest.areEqual($0, tag) }
  }

  /// `$argon2id$v=19$m=19456,t=2,p=1$salt$tag`
  var text: String {
    let numbers = "m=\(parameters.memoryKiB),t=\(parameters.passes),p=\(parameters.lanes)"
    return "$argon2id$v=19$\(numbers)$\(Base64.standard.encode(salt))$\(Base64.standard.encode(tag))"
  }
}

extension PasswordHash {
  /// Nil for any other algorithm, version or spelling, and for parameters that are too expensive.
  init?(_ text: String) {
    guard text.utf8.count <= 256 else { return nil }
    let parts = text.utf8.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
    guard parts.count == 6, parts[0].isEmpty, parts[1].elementsEqual("argon2id".utf8),
      parts[2].elementsEqual("v=19".utf8), let parameters = Self.parameters(parts[3]), parameters.areBearable,
      let salt = Base64.standard.decode(parts[4]), (8...64).contains(salt.count),
      let tag = Base64.standard.decode(parts[5]), (16...64).contains(tag.count)
    else { return nil }
    self.init(parameters: parameters, salt: salt, tag: tag)
  }

  private static func parameters(_ text: Substring.UTF8View) -> Argon2.Parameters? {
    let parts = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    guard parts.count == 3, let memory = number(parts[0], "m="), let passes = number(parts[1], "t="),
      let lanes = number(parts[2], "p=")
    else { return nil }
    return Argon2.Parameters(memoryKiB: memory, passes: passes, lanes: lanes)
  }

  private static func number(_ text: Substring.UTF8View, _ name: String) -> Int? {
    let digits = String(Substring(text.dropFirst(name.utf8.count)))
    // A leading zero or a sign would be a second spelling.
    guard text.starts(with: name.utf8), let value = Int(digits), value > 0, String(value) == digits else { return nil }
    return value
  }
}
