internal import FoundationEssentials
internal import Notation
internal import Outbound
internal import Postgres
internal import Tokens

/// The provider as one worker knows it: what it announces, its keys, and whether it answers at all.
final class OpenIDProvider {
  /// The provider's own description (OpenID Connect Discovery 1.0, section 3), as far as it matters here.
  struct Metadata: Sendable {
    let authorizationEndpoint, tokenEndpoint, keySet: WebAddress
    let userinfoEndpoint: WebAddress?
    let tokenMethods: [String]
    let namesItselfInCallbacks: Bool
  }

  private let issuer: WebAddress
  private let client: OutboundClient
  private let ages: OpenIDSignIn.Ages
  var places: Places?
  private var metadata: (value: Metadata, until: Deadline)?
  private var keys: (set: JSONWebKeySet, until: Deadline, notBefore: Deadline)?
  private var pausedUntil = Deadline.now

  init(issuer: WebAddress, client: OutboundClient, ages: OpenIDSignIn.Ages) {
    self.issuer = issuer
    self.client = client
    self.ages = ages
  }

  /// A place for all calls of one request, to be kept until the last of them; nil if any number of workers may wait.
  func place() throws -> Places.Place? {
    guard let places else { return nil }
    guard let place = places.take() else { throw OpenIDRefusal.busy }
    return place
  }

  /// Whether the next sign-in can begin without a call.
  var isKnown: Bool { metadata?.until.hasPassed == false }

  func announced(until deadline: Deadline) throws -> Metadata {
    if let metadata, !metadata.until.hasPassed { return metadata.value }
    let value = try pausing {
      // Discovery 1.0, section 4.1: a slash at the end of the issuer is dropped.
      let base = issuer.text.hasSuffix("/") ? String(issuer.text.dropLast()) : issuer.text
      guard let address = WebAddress(base + "/.well-known/openid-configuration") else {
        throw OpenIDRefusal.badProvider("the issuer is too long")
      }
      return try Metadata(document(at: address, "the discovery document", until: deadline), of: issuer)
    }
    metadata = (value, .after(milliseconds: ages.metadataMilliseconds))
    return value
  }

  /// The key that the header of a token names. An unknown one may be new; but forged tokens name as many unknown keys as
  /// their author wants, so the provider is asked again only after a while.
  func key(
    _ id: String?, for algorithm: SignatureAlgorithm, until deadline: Deadline
  ) throws -> AsymmetricKey {
    if let keys, !keys.until.hasPassed {
      if let key = try Self.key(id, for: algorithm, in: keys.set) { return key }
      guard keys.notBefore.hasPassed else { throw OpenIDRefusal.badIDToken("unknown key") }
    }
    let address = try announced(until: deadline).keySet
    let set = try pausing {
      let response = try send(OutboundRequest(address, milliseconds: 0), until: deadline)
      guard response.status == 200, let set = try? JSONWebKeySet(parsing: response.body) else {
        throw OpenIDRefusal.badProvider("\(address) has no key set (status \(response.status))")
      }
      return set
    }
    keys = (set, .after(milliseconds: ages.metadataMilliseconds), .after(milliseconds: ages.keysMilliseconds))
    guard let key = try Self.key(id, for: algorithm, in: set) else { throw OpenIDRefusal.badIDToken("unknown key") }
    return key
  }

  /// A token may leave out the id only if there is no choice (OpenID Connect Core 1.0, section 10.1).
  private static func key(
    _ id: String?, for algorithm: SignatureAlgorithm, in set: JSONWebKeySet
  ) throws -> AsymmetricKey? {
    let keys: [(id: String?, key: AsymmetricKey)]
    do {
      keys = try set.keys(for: algorithm)
    } catch {
      throw OpenIDRefusal.badProvider("\(error)")
    }
    guard let id else { return keys.count == 1 ? keys[0].key : nil }
    let named = keys.filter { $0.id?.hasSameBytes(as: id) == true }
    return named.count == 1 ? named[0].key : nil
  }

  /// An answer of status 200 that is a JSON object.
  func document(
    at address: WebAddress, _ name: String, bearer token: String? = nil, until deadline: Deadline
  ) throws -> JSONObject {
    var request = OutboundRequest(address, milliseconds: 0)
    request.headers = [("Accept", "application/json")]
    if let token { request.headers.append(("Authorization", "Bearer " + token)) }
    let response = try send(request, until: deadline)
    guard response.status == 200, let object = JSONObject(response.body) else {
      throw OpenIDRefusal.badProvider("\(name) at \(address) is no JSON object (status \(response.status))")
    }
    return object
  }

  /// A provider that was away a moment ago is not asked again: people would wait in vain, and workers with them.
  func send(_ request: OutboundRequest, until deadline: Deadline) throws -> OutboundResponse {
    guard pausedUntil.hasPassed else { throw OpenIDRefusal.unreachable("it did not answer a moment ago") }
    var request = request
    request.milliseconds = deadline.remainingMilliseconds
    do {
      return try client.send(request)
    } catch {
      pausedUntil = .after(milliseconds: ages.pauseMilliseconds)
      throw OpenIDRefusal.unreachable("\(request.address.host): \(error)")
    }
  }

  /// For documents that are the same for everybody: a wrong one would be wrong again at once.
  private func pausing<T>(_ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let refusal as OpenIDRefusal {
      if case .badProvider = refusal { pausedUntil = .after(milliseconds: ages.pauseMilliseconds) }
      throw refusal
    }
  }
}

extension OpenIDProvider.Metadata {
  fileprivate init(_ document: JSONObject, of issuer: WebAddress) throws {
    guard document.text("issuer").map({ $0.hasSameBytes(as: issuer.text) }) == true else {
      throw OpenIDRefusal.badProvider("its discovery document names another issuer than TUCKSHOP_OIDC_ISSUER")
    }
    func endpoint(_ name: String) throws -> WebAddress {
      guard let address = document.text(name).flatMap(WebAddress.init) else {
        throw OpenIDRefusal.badProvider("its \(name) is no https address")
      }
      return address
    }
    authorizationEndpoint = try endpoint("authorization_endpoint")
    tokenEndpoint = try endpoint("token_endpoint")
    keySet = try endpoint("jwks_uri")
    userinfoEndpoint = document["userinfo_endpoint"] == nil ? nil : try endpoint("userinfo_endpoint")
    tokenMethods = document.texts("token_endpoint_auth_methods_supported") ?? ["client_secret_basic"]
    namesItselfInCallbacks = document["authorization_response_iss_parameter_supported"] == .bool(true)
  }
}
