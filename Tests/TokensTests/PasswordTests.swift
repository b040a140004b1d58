import Glibc
import Support
import Testing
import Tokens

@Suite(.tiers(.unit, .security))
struct PasswordTests {
  /// Cheap enough for many hashes; everything except the parameters is as in production.
  private let cheap = Passwords(parameters: .init(memoryKiB: 64, passes: 1, lanes: 1))

  /// From the reference implementation's own tests (phc-winner-argon2, src/test.c).
  @Test(arguments: [
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
    "$argon2id$v=19$m=65536,t=4,p=1$c29tZXNhbHQ$kCXUjmjvc5XMqQedpMTsOv+zyJEf5PhtGiUghW9jFyw",
    "$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$9qWtwbpyPd3vm1rB1GThgPzZ3/ydHL92zKL+15XZypg",
  ])
  func `the reference implementation's hashes are read, and count as outdated`(stored: String) {
    #expect(cheap.verify("password", against: stored) == .rightButOutdated)
    #expect(cheap.verify("Password", against: stored) == .wrong)
  }

  @Test func `a hash has OWASP's parameters, and verifies`() throws {
    let passwords = Passwords()
    let stored = passwords.hash("correct horse")
    #expect(stored.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
    let parts = stored.split(separator: "$")
    #expect(try #require(Base64.standard.decode(String(parts[3]))).count == 16)
    #expect(try #require(Base64.standard.decode(String(parts[4]))).count == 32)
    #expect(passwords.verify("correct horse", against: stored) == .right)
    #expect(passwords.verify("correct horsf", against: stored) == .wrong)
  }

  @Test func `two hashes of one password differ`() {
    #expect(cheap.hash("same") != cheap.hash("same"))
  }

  @Test(arguments: ["", " ", "a", "пароль", "p\u{0}q", "🔑", String(repeating: "x", count: 10_000), "e\u{301}"])
  func `any text can be a password`(password: String) {
    let stored = cheap.hash(password)
    #expect(cheap.verify(password, against: stored) == .right)
    #expect(cheap.verify(password + " ", against: stored) == .wrong)
  }

  @Test func `a password is its bytes`() {
    #expect(cheap.verify("\u{E9}", against: cheap.hash("e\u{301}")) == .wrong)
    #expect(cheap.verify("p\u{0}x", against: cheap.hash("p\u{0}y")) == .wrong)
  }

  @Test func `no password is right for a missing user`() {
    #expect(cheap.verify("", against: nil) == .wrong)
    #expect(cheap.verify("password", against: nil) == .wrong)
  }

  @Test func `a missing user takes as much work as a wrong password`() {
    let passwords = Passwords()
    let stored = passwords.hash("correct horse")
    let known = cpuMilliseconds { _ = passwords.verify("wrong", against: stored) }
    let unknown = cpuMilliseconds { _ = passwords.verify("wrong", against: nil) }
    let unreadable = cpuMilliseconds { _ = passwords.verify("wrong", against: "damaged") }
    // A factor of ten would show; processor time within one thread stays within these bounds even on a busy machine.
    #expect((0.4...2.5).contains(unknown / known))
    #expect((0.4...2.5).contains(unreadable / known))
  }

  private func cpuMilliseconds(_ body: () -> Void) -> Double {
    (0..<3).map { _ in
      let start = threadTime()
      body()
      return threadTime() - start
    }.min()!
  }

  private func threadTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1_000_000
  }

  @Test(arguments: [
    "", "password", "$", "$$$$$", "$2b$12$abcdefghijklmnopqrstuv", "plain$text$of$six$parts$here",
    "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2d$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$t=2,m=256,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=+256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=0256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=2,p=1,x=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ=$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4$",
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4\n",
  ])
  func `an invalid Argon2id hash accepts no password`(stored: String) {
    #expect(cheap.verify("password", against: stored) == .unreadable)
  }

  @Test(arguments: [
    "m=1073741824,t=2,p=1", "m=4294967295,t=1,p=1", "m=9223372036854775807,t=1,p=1", "m=99999999999999999999,t=1,p=1",
    "m=131073,t=1,p=1", "m=256,t=4294967295,p=1", "m=131072,t=5,p=1", "m=256,t=17,p=1", "m=256,t=2,p=17",
    "m=65536,t=1,p=16777215", "m=7,t=1,p=1", "m=15,t=1,p=2", "m=0,t=1,p=1", "m=256,t=0,p=1", "m=256,t=1,p=0",
  ])
  func `absurd parameters are refused, not computed`(parameters: String) {
    let stored = "$argon2id$v=19$\(parameters)$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
    #expect(cheap.verify("password", against: stored) == .unreadable)
    let spent = cpuMilliseconds { _ = cheap.verify("password", against: stored) }
    #expect(spent < 100)
  }

  @Test func `a rule counts characters for the minimum and bytes for the maximum, and refuses common passwords`() {
    let rule = PasswordRule(leastCharacters: 8, refusesCommon: true)
    #expect(throws: PasswordRefusal.tooShort) { try rule.check("1234567") }
    #expect(throws: PasswordRefusal.tooLong) { try rule.check(String(repeating: "a", count: 257)) }
    #expect(throws: PasswordRefusal.tooCommon) { try rule.check("PassWord1") }
    #expect(throws: PasswordRefusal.tooShort) { try rule.check("жуткий!") }
    #expect(throws: PasswordRefusal.tooLong) { try rule.check(String(repeating: "я", count: 129)) }
    #expect(throws: Never.self) { try rule.check("жуткий!!") }
    #expect(throws: Never.self) { try rule.check(String(repeating: "a", count: 256)) }
    #expect(throws: Never.self) { try PasswordRule(leastCharacters: 1, refusesCommon: false).check("1") }
  }

  @Test(arguments: ["123456", "password", "PASSWORD", "QwErTy123", "iloveyou", "ПАРОЛЬ"])
  func `a common password is recognised in any case`(password: String) {
    #expect(Passwords.isCommon(password))
  }

  @Test(arguments: ["", "correct horse", "password ", "1234567890123", "tuckshop-9f"])
  func `an uncommon one is not`(password: String) {
    #expect(!Passwords.isCommon(password))
  }
}
