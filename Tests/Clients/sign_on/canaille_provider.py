"""Serves canaille, a real OpenID Connect provider, on a port of this machine, with one user and one client in memory."""

import datetime
import sys

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server


def make_app(port):
    key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
    rights = {"PERMISSIONS": ["edit_self", "use_oidc"], "READ": ["user_name", "groups"], "WRITE": []}
    return create_app({
        "SECRET_KEY": "x" * 32,
        "SERVER_NAME": f"localhost:{port}",
        "PREFERRED_URL_SCHEME": "http",
        "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "HTMX": False, "ACL": {"DEFAULT": rights}},
        "CANAILLE_OIDC": {"ACTIVE_JWKS": [key.as_dict(private=True)]},
    })


def fill(redirect_uri):
    backend = Backend.instance
    user = models.User(
        user_name="anna", password="correct horse battery", formatted_name="Anna Smith", family_name="Smith",
        emails=["anna@id.example"], display_name="anna.smith")
    backend.save(user)
    backend.save(models.Group(display_name="shop-admins", members=[user]))
    client = models.Client(
        client_id="the shop", client_secret="a secret:%", client_name="Tuckshop", client_uri="http://localhost",
        redirect_uris=[redirect_uri], response_types=["code"], grant_types=["authorization_code"],
        scope=["openid", "profile", "email", "groups"], token_endpoint_auth_method="client_secret_basic",
        client_id_issued_at=datetime.datetime.now(datetime.timezone.utc))
    backend.save(client)
    client.audience = [client]
    backend.save(client)


if __name__ == "__main__":
    port, redirect_uri = int(sys.argv[1]), sys.argv[2]
    app = make_app(port)
    with app.app_context():
        fill(redirect_uri)
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()
