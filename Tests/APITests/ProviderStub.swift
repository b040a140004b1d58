import API
import FoundationEssentials
import HTTP
import Identity
import Notation
import Outbound
import Support
import Synchronization
import Telemetry
import Testing
import Tokens

/// A provider of OpenID Connect that tells the truth until a test makes it do otherwise.
final class ProviderStub: Sendable {
  struct Behaviour: Sendable {
    /// Members that replace those of the discovery document; nil leaves one out.
    var metadata: [String: JSON?] = [:]
    var discovery: WebStub.Reply?
    /// Replaces the answer of the token endpoint.
    var token: WebStub.Reply?
    /// Members of the ID token as JSON text; nil leaves one out.
    var header: [String: String?] = [:]
    var claims: [String: String?] = [:]
    /// Replaces the whole ID token.
    var idToken: String?
    var signer = ProviderStub.key
    var keySet: WebStub.Reply?
    var userinfo: WebStub.Reply?
    var accessToken = "access-1"
    var nonce = ""
  }

  static let key = try! AsymmetricKey(ed25519Seed: Array(repeating: 7, count: 32))
  static let otherKey = try! AsymmetricKey(ed25519Seed: Array(repeating: 8, count: 32))

  private let state = Mutex(Behaviour())
  private let web = Mutex<WebStub?>(nil)

  init() throws {
    let stub = try WebStub { [weak self] question in self?.reply(to: question) ?? .answer(500) }
    web.withLock { $0 = stub }
  }

  var issuer: String { web.withLock { $0?.origin } ?? "" }
  var questions: [WebStub.Question] { web.withLock { $0?.questions } ?? [] }

  func change(_ body: (inout Behaviour) -> Void) { state.withLock { body(&$0) } }

  func settings(secret: String? = "a secret:%") throws -> OpenIDSettings {
    var settings = OpenIDSettings(
      issuer: try #require(WebAddress(issuer)), clientID: "the shop", clientSecret: secret,
      publicURL: "http://shop.example")
    settings.name = "Example"
    return settings
  }

  static func jwk(_ key: AsymmetricKey = key, id: String = "k1") -> JSON {
    [
      "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": .string(id),
      "x": .string(Base64.url.encode(key.ed25519PublicKey)),
    ]
  }

  private func reply(to question: WebStub.Question) -> WebStub.Reply {
    let behaviour = state.withLock { $0 }
    switch question.target {
    case "/.well-known/openid-configuration": return behaviour.discovery ?? .json(metadata(behaviour))
    case "/keys": return behaviour.keySet ?? .json(Self.text(["keys": [Self.jwk()]]))
    case "/token":
      let token = behaviour.idToken ?? idToken(behaviour)
      return behaviour.token
        ?? .json(Self.text(["id_token": .string(token), "access_token": .string(behaviour.accessToken)]))
    case "/userinfo": return behaviour.userinfo ?? .json(#"{"sub":"s-1"}"#)
    default: return .answer(404)
    }
  }

  private func metadata(_ behaviour: Behaviour) -> String {
    var members: [String: JSON] = [
      "issuer": .string(issuer), "authorization_endpoint": .string(issuer + "/authorize"),
      "token_endpoint": .string(issuer + "/token"), "jwks_uri": .string(issuer + "/keys"),
      "userinfo_endpoint": .string(issuer + "/userinfo"),
    ]
    for (name, value) in behaviour.metadata { members[name] = value }
    return Self.text(.object(members.map { JSON.Member(name: $0.key, value: $0.value) }))
  }

  func idToken(_ behaviour: Behaviour) -> String {
    func object(_ members: [(String, String)], _ changes: [String: String?]) -> [UInt8] {
      var members = Dictionary(uniqueKeysWithValues: members)
      for (name, value) in changes { members[name] = value }
      return Array(("{" + members.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}").utf8)
    }
    let now = Clock.unixSeconds
    let header = object([("alg", quoted("EdDSA")), ("kid", quoted("k1")), ("typ", quoted("JWT"))], behaviour.header)
    let claims = object(
      [
        ("iss", quoted(issuer)), ("aud", quoted("the shop")), ("sub", quoted("s-1")), ("exp", "\(now + 300)"),
        ("iat", "\(now)"), ("nonce", quoted(behaviour.nonce)), ("preferred_username", quoted("anna")),
        ("name", quoted("Anna Smith")), ("email", quoted("anna@example.org")), ("email_verified", "true"),
      ], behaviour.claims)
    return Mint.sign(header, claims, .pair(behaviour.signer))
  }

  private static func text(_ json: JSON) -> String { String(decoding: json.bytes, as: UTF8.self) }
}

/// A browser between the shop and the provider, which does what a test wants with what it carries.
struct Arrival {
  var query: [(name: String, value: String)]
  var cookie: String?
  let location: String
  let state: String
  let nonce: String

  /// The shop's answer to a browser that wants to sign in, and what it brings back if everything goes well.
  init(_ shop: Shop, _ provider: ProviderStub, _ target: String = "/api/v1/auth/oidc", cookie session: String? = nil)
    throws
  {
    var request = Request(.get, target, clientAddress: "192.0.2.7")
    if let session { request.headers.add("Cookie", session) }
    let answer = shop.worker.ask(request)
    guard answer.status == 302, let location = answer.header("Location"), let header = answer.header("Set-Cookie")
    else {
      throw Failure("\(answer.status) \(answer.text)")
    }
    let sent = Query(location[...].split(separator: "?", maxSplits: 1)[1])
    (state, nonce) = (try #require(sent.all("state")?.first), try #require(sent.all("nonce")?.first))
    self.location = location
    cookie = String(header.prefix { $0 != ";" })
    query = [("code", "c-1"), ("state", state)]
    let nonce = nonce
    provider.change { $0.nonce = nonce }
  }

  func arrive(_ shop: Shop, accepting type: String = "application/json") -> Answer {
    let query = query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    var request = Request(.get, "/api/v1/auth/oidc/callback?" + query, clientAddress: "192.0.2.7", id: "r-1")
    request.headers.add("Accept", type)
    if let cookie { request.headers.add("Cookie", "a=b; " + cookie) }
    return shop.worker.ask(request)
  }

  mutating func set(_ name: String, _ values: String...) {
    query.removeAll { $0.name == name }
    query += values.map { (name, $0) }
  }
}

/// A shop whose people sign in through the stub.
func withProvider(
  _ ages: OpenIDSignIn.Ages = .init(), secret: String? = "a secret:%",
  settings settle: (inout OpenIDSettings) -> Void = { _ in },
  _ body: (Shop, ProviderStub) throws -> Void
) throws {
  try withShop { shop in
    let provider = try ProviderStub()
    var settings = try provider.settings(secret: secret)
    settle(&settings)
    shop.worker.desk.openID = OpenIDSignIn(settings, ages: ages)
    shop.worker.desk.providerName = settings.name
    try body(shop, provider)
  }
}

extension Answer {
  func headers(_ name: String) -> [String] { response.headers.filter { $0.name == name }.map(\.value) }

  /// Whether the browser has a session now.
  var opensSession: Bool { headers("Set-Cookie").contains { $0.hasPrefix("tuckshop_session=") } }
}
