from common import decode_part, encode_part, forged_tokens, signed


def stolen_tokens(token, other_token, public_key):
    """Tokens that resemble a valid one and must all be refused."""
    yield from forged_tokens(token, other_token)
    head, body, signature = token.split(".")
    header, payload = decode_part(head), decode_part(body)
    yield "half a signature", f"{head}.{body}.{signature[: len(signature) // 2]}"
    yield "no signature", f"{head}.{body}."
    yield "two parts", f"{head}.{body}"
    yield "four parts", f"{token}.{signature}"
    yield "no payload", f"{head}..{signature}"
    yield "no alg", f"{encode_part({**header, 'alg': ''})}.{body}.{signature}"
    for kid in ("", 0, None):
        yield f"kid {kid!r}", f"{encode_part({**header, 'kid': kid})}.{body}.{signature}"
    own = {**header, "alg": "HS256"}
    yield "signed with the public key", signed(own, payload, public_key)
    key_in_header = {**own, "jwk": {"kty": "oct", "k": encode_part(b"mine")}}
    yield "a key in the header", signed(key_in_header, payload, b"mine")
    yield "an empty key at a kid of one's own", signed({**own, "kid": "/dev/null"}, payload, b"")
    yield "a token over 4 KB", token + "A" * 5000
    for text in ("x", "a.b.c", "..", "null", "%00", "e30.e30.e30", "." * 100):
        yield f"the token {text[:12]}", text


def malformed_authorizations(token):
    """Headers that carry a good token in a wrong way, or none."""
    yield "Bearer "
    yield "Bearer  "
    yield f"Basic {token}"
    yield f"Token {token}"
    yield f"Bearer {token} {token}"
    yield f"Bearer {token},{token}"
    yield f"Bearer Bearer {token}"
    yield f'Bearer "{token}"'


def chapter_tokens(newcomer):
    """Missing, malformed and forged tokens are 401 everywhere and move nothing; a bare one is a token."""
    victim, thief = newcomer.register(), newcomer.register()
    refused_token(newcomer, None, "no token", victim, thief)
    for header in malformed_authorizations(victim.token):
        refused_token(newcomer, header, "a malformed authorization", victim, thief)
    newcomer.shop.wire.close()
    for what, token in stolen_tokens(victim.token, thief.token, published_key(newcomer)):
        refused_token(newcomer, f"Bearer {token}", what, victim, thief)
    token_without_scheme(newcomer, victim)


def published_key(newcomer):
    """The public key, as a thief would misuse it as a secret; a stand-in if none is published."""
    answer = newcomer.shop.call("GET", "/public-key.pem", outside=True)
    return answer.body if answer.status == 200 and answer.body else b"public"


def refused_token(newcomer, authorization, what, victim, thief):
    """No route that needs a token takes the given authorization."""
    requests = (
        ("GET", "/api/info", None),
        ("GET", "/api/buy/pen", None),
        ("POST", "/api/sendCoin", {"toUser": thief.name, "amount": 1}),
    )
    for method, path, data in requests:
        answer = newcomer.shop.call(method, path, token=authorization, data=data)
        newcomer.refused(answer, 401, f"{method} {path} with {what}")
    newcomer.agrees(victim, f"{what} takes nothing from its victim")
    newcomer.agrees(thief, f"{what} gives nothing to its thief")


def token_without_scheme(newcomer, person):
    headers = (("Authorization", person.token),)
    answer = newcomer.shop.call("GET", "/api/info", headers=headers)
    newcomer.compare(answer, person, "a token without its scheme")

CHAPTERS = (
    chapter_tokens,
)
