"""The people of one step, with names of their own: steps do not meet, and the driver can run again in the same shop."""

import urllib.parse
import uuid
from functools import cached_property

from visitor import PASSWORD


class Cast:
    def __init__(self, api, admin):
        self.api, self.admin = api, admin
        self.mark = uuid.uuid4().hex[:8]

    def everybody(self):
        """For a search, which finds only people who are there."""
        return self.vera, self.marina

    @cached_property
    def vera(self):
        return self.join("vera", "Vera Holm")

    @cached_property
    def marina(self):
        return self.join("marina", f"Marina {self.mark}")

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

    def pay(self, address, coins):
        """A grant to one person, which the shop makes in the background."""
        name = f"pay {address} {coins}"
        body = {"name": name, "amount": coins, "reason": "For the driver", "to": [address]}
        grant = self.api.ask("POST", "/api/v1/grants", body, self.admin)
        while grant["status"] != "done":
            grant = self.api.ask("GET", "/api/v1/grants/" + urllib.parse.quote(name, safe=""), None, self.admin)

    def thing(self, code, **more):
        """A thing of this run in the catalogue."""
        body = {"code": f"{code}-{self.mark}", "name": f"{code.title()} {self.mark}", "class": "merch", "type": "accessory", "price": 5, **more}
        return self.api.ask("POST", "/api/v1/items", body, self.admin)
