import FoundationEssentials
import Support
import Testing
import Tokens

/// The examples of the standards: foreign signatures verify, and computable ones come out the same.
@Suite(.tiers(.unit, .security))
struct TokenVectorTests {
  private static let payload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

  private static let hs256 =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\(payload).dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

  private static let rs256 =
    "eyJhbGciOiJSUzI1NiJ9.\(payload)."
    + "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7"
    + "t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12"
    + "jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUP"
    + "QGe77Rw"

  private static let rsaModulus =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCg"
    + "NMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg66"
    + "5xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWy"
    + "uXpoQ"

  private static let es256 =
    "eyJhbGciOiJFUzI1NiJ9.\(payload)."
    + "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

  private static let edDSA =
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    + "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

  private static let keys: [SignatureAlgorithm: SignatureKey] = [
    .hs256: .secret(
      Base64.url.decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")!),
    .rs256: .pair(
      try! AsymmetricKey(rsaModulus: Base64.url.decode(rsaModulus)!, exponent: Base64.url.decode("AQAB")!)),
    .es256: .pair(
      try! AsymmetricKey(
        p256X: Base64.url.decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")!,
        y: Base64.url.decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")!)),
    .edDSA: .pair(try! AsymmetricKey(ed25519: Base64.url.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")!)),
  ]

  private static let examples: [(SignatureAlgorithm, String)] = [
    (.hs256, hs256), (.rs256, rs256), (.es256, es256), (.edDSA, edDSA),
  ]

  @Test(arguments: examples)
  func `RFC 7515 A.1 to A.3 and RFC 8037 A.4 verify, with their own key only`(
    algorithm: SignatureAlgorithm, text: String
  ) throws {
    let token = try CompactToken(text)
    for (other, key) in Self.keys {
      #expect(key.algorithm == other)
      #expect(token.isSigned(by: key) == (other == algorithm))
    }
  }

  @Test(arguments: examples)
  func `no changed bit of a signature and no changed letter of the text is accepted`(
    algorithm: SignatureAlgorithm, text: String
  ) throws {
    let key = Self.keys[algorithm]!
    let parts = text.parts
    let signature = Base64.url.decode(parts[2])!
    for bit in stride(from: 0, to: signature.count * 8, by: algorithm == .rs256 ? 37 : 5) {
      var changed = signature
      changed[bit / 8] ^= 1 << (bit % 8)
      let forged = try CompactToken("\(parts[0]).\(parts[1]).\(Base64.url.encode(changed))")
      #expect(!forged.isSigned(by: key), "bit \(bit)")
    }
    #expect(!(try CompactToken("\(parts[0])A.\(parts[1]).\(parts[2])").isSigned(by: key)))
    #expect(!(try CompactToken("\(parts[0]).\(parts[1])A.\(parts[2])").isSigned(by: key)))
  }

  @Test func `HS256 and Ed25519 sign as the standards do`() throws {
    #expect(sign(Self.hs256, Self.keys[.hs256]!) == Self.hs256)
    let seed = Base64.url.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")!
    let pair = try AsymmetricKey(ed25519Seed: seed)
    #expect(sign(Self.edDSA, .pair(pair)) == Self.edDSA)
    #expect(Base64.url.encode(pair.ed25519PublicKey) == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
  }

  private func sign(_ text: String, _ key: SignatureKey) -> String {
    let signed = text.parts[0] + "." + text.parts[1]
    return signed + "." + Base64.url.encode(key.sign(Array(signed.utf8)))
  }
}
