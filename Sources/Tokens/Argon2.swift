internal import CCrypto

/// Argon2id (RFC 9106), version 1.3, through libargon2.
package enum Argon2 {
  package struct Parameters: Sendable, Equatable {
    package let memoryKiB: Int
    package let passes: Int
    package let lanes: Int

    package init(memoryKiB: Int, passes: Int, lanes: Int) {
      self.memoryKiB = memoryKiB
      self.passes = passes
      self.lanes = lanes
    }

    /// OWASP's recommendation for 19 MiB.
    package static let present = Parameters(memoryKiB: 19456, passes: 2, lanes: 1)

    /// A stored hash may be imported. These limits protect a worker's memory and time: 128 MiB, and 512 MiB written in all
    /// passes together, which takes about half a second.
    var areBearable: Bool {
      (1...16).contains(lanes) && (1...16).contains(passes) && (8 * lanes...131_072).contains(memoryKiB)
        && memoryKiB * passes <= 524_288
    }
  }

  /// Nil only if there is no memory for it.
  static func tag(
    of password: inout [UInt8], salt: [UInt8], byteCount: Int, _ parameters: Parameters
  ) -> [UInt8]? {
    var salt = salt
    var tag = [UInt8](repeating: 0, count: byteCount)
    let result = password.withUnsafeMutableBufferPointer { password in
      salt.withUnsafeMutableBufferPointer { salt in
        tag.withUnsafeMutableBufferPointer { tag in
          var context = Argon2_Context()
          context.out = tag.baseAddress
          context.outlen = UInt32(tag.count)
          context.pwd = password.baseAddress
          context.pwdlen = UInt32(password.count)
          context.salt = salt.baseAddress
          context.saltlen = UInt32(salt.count)
          context.t_cost = UInt32(parameters.passes)
          context.m_cost = UInt32(parameters.memoryKiB)
          context.lanes = UInt32(parameters.lanes)
          // A worker has one thread; lanes are computed one after the other.
          context.threads = 1
          context.version = ARGON2_VERSION_13.rawValue
          return argon2id_ctx(&context)
        }
      }
    }
    guard result != ARGON2_MEMORY_ALLOCATION_ERROR.rawValue else { return nil }
    precondition(result == ARGON2_OK.rawValue, "libargon2 refuses its arguments: \(result)")
    return tag
  }
}
