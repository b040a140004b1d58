internal import HTTP
internal import Identity
internal import Tokens

/// The public keys that verify our tokens. An HMAC has none, and then the path is unknown.
func jwks(_ request: Request, _ context: Context) throws -> Response {
  guard let keys = context.desk.authenticator.tokens.keys.jwks() else { throw RequestFailure.unknownPath }
  return Response(
    headers: [("Content-Type", "application/jwk-set+json"), ("Cache-Control", "public, max-age=300")], body: keys)
}

func publicKey(_ request: Request, _ context: Context) throws -> Response {
  guard let pem = context.desk.authenticator.tokens.keys.publicKeyPEM() else { throw RequestFailure.unknownPath }
  return .text(pem, type: "application/x-pem-file").with("Cache-Control", "public, max-age=300")
}
