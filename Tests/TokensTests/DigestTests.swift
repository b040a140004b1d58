import Support
import Testing
import Tokens

private func bytes(_ hexadecimal: String) -> [UInt8] {
  let digits = hexadecimal.compactMap(\.hexDigitValue).map(UInt8.init)
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

@Suite(.tiers(.unit))
struct DigestTests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func `SHA-256 gives FIPS 180-4's answers`(message: String, digest: String) {
    #expect(Digest.sha256(Array(message.utf8)) == bytes(digest))
  }

  /// RFC 4231, test cases 1 to 4, 6 and 7.
  @Test(arguments: [
    (
      bytes(String(repeating: "0b", count: 20)), Array("Hi There".utf8),
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      bytes(String(repeating: "aa", count: 20)), bytes(String(repeating: "dd", count: 50)),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      bytes("0102030405060708090a0b0c0d0e0f10111213141516171819"), bytes(String(repeating: "cd", count: 50)),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
    ),
    (
      bytes(String(repeating: "aa", count: 131)), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
    (
      bytes(String(repeating: "aa", count: 131)),
      Array(
        ("This is a test using a larger than block-size key and a larger than block-size data. "
          + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
    ),
  ])
  func `HMAC-SHA-256 gives RFC 4231's answers`(key: [UInt8], message: [UInt8], mac: String) {
    #expect(Digest.hmac(key: key, message) == bytes(mac))
  }

  @Test func `HMAC agrees with RFC 2104's construction from a hash`() {
    let key = Array("key".utf8)
    #expect(Digest.hmac(key: key, Array("message".utf8)) == builtHMAC(key: key, Array("message".utf8)))
    #expect(Digest.hmac(key: [], []) == builtHMAC(key: [], []))
  }

  @Test func `only equal bytes are equal`() {
    #expect(Digest.areEqual([1, 2, 3], [1, 2, 3]))
    #expect(Digest.areEqual([], []))
    #expect(!Digest.areEqual([1, 2, 3], [1, 2, 4]))
    #expect(!Digest.areEqual([0, 2, 3], [1, 2, 3]))
    #expect(!Digest.areEqual([1, 2, 3], [1, 2]))
    #expect(!Digest.areEqual([], [0]))
  }

  @Test func `random bytes differ`() {
    let all = Set((0..<1000).map { _ in Random.bytes(16) })
    #expect(all.count == 1000)
    #expect(Random.bytes(0).isEmpty)
  }
}

/// HMAC by its definition, for keys of at most one block: a second way to compute the same values.
private func builtHMAC(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
  let block = key + Array(repeating: 0, count: 64 - key.count)
  return Digest.sha256(block.map { $0 ^ 0x5C } + Digest.sha256(block.map { $0 ^ 0x36 } + message))
}
