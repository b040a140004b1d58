"""The people of one run, with names of their own, so that the driver can run again in the same shop."""

import uuid

from visitor import PASSWORD


class Cast:
    def __init__(self, api, admin, password):
        self.api, self.admin = api, api.token(admin, password)
        self.mark = uuid.uuid4().hex[:8]
        self.vera, self.marina = self.join("vera", "Vera Holm"), self.join("marina", f"Marina {self.mark}")

    def address(self, name):
        return f"{name}.{self.mark}@juniper.example"

    def join(self, name, full_name):
        self.api.person(self.address(name), full_name)
        return self.address(name)

    def token(self, address):
        return self.api.token(address, PASSWORD)

    def id(self, address):
        return self.api.ask("GET", "/api/v1/auth/me", token=self.token(address))["id"]

    def give_role(self, address, role):
        return self.api.ask("PATCH", f"/api/v1/users/{self.id(address)}", {"role": role}, self.admin)

    def send(self, source, target, amount, message):
        body = {"to_user": target, "amount": amount, "message": message}
        return self.api.ask("POST", "/api/v1/transfers", body, self.token(source))

    def buy(self, address, item, ready=False, **variant):
        body = {"item": item, "quantity": 1, **variant}
        bought = self.api.ask("POST", "/api/v1/purchases", body, self.token(address))
        if ready:
            self.api.ask("POST", f"/api/v1/orders/{bought['order']['id']}/ready", {}, self.admin)
        return bought["order"]["id"]

    def thing(self, code, **more):
        """A thing of this run in the catalogue."""
        body = {"code": f"{code}-{self.mark}", "name": f"{code.title()} {self.mark}", "class": "merch", "type": "accessory", "price": 5, **more}
        return self.api.ask("POST", "/api/v1/items", body, self.admin)
