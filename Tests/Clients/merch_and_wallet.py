#!/usr/bin/env python3
"""A client that walks through the shop's published HTTP contract and reports every departure.

It covers the merch routes completely, and of the v1 routes the sessions, the users, the wallet and
the audit list. Each failed check prints one line with the request and the answer; the last line
counts the checks, and the exit code is 1 if any of them failed.
"""

import sys

from common import Report, read_arguments
from merch import crowd, desk, routes, sessions, wallet
from merch.shop import EITHER, V1, Shop


def run_wallet_and_sessions(shop, report):
    """Makes the transfer for the late undo first, so that the other checks fill the waiting time."""
    wallets = report.attempt(wallet.Wallets, shop)
    late = wallets and report.attempt(wallet.transfer_for_late_undo, wallets)
    for check in wallet.CHECKS if wallets else ():
        report.attempt(check, wallets)
    for check in sessions.CHECKS:
        report.attempt(check, shop)
    if late:
        report.attempt(wallet.check_late_undo, wallets, *late)


def run_desk(shop, report, name, password):
    admin = report.attempt(desk.Desk, shop, name, password)
    if admin is None:
        return
    for check in desk.CHECKS:
        report.attempt(check, admin)
    report.attempt(admin.clear)


def main():
    report = Report()
    arguments = read_arguments(__doc__)
    shop = Shop(arguments.base, report)
    login_port = Shop(arguments.login, report, lambda path: V1 if path.startswith("/auth/") else EITHER)
    for check in routes.CHECKS + crowd.CHECKS:
        report.attempt(check, shop)
    run_wallet_and_sessions(shop, report)
    report.attempt(sessions.check_login_aliases, shop, login_port)
    run_desk(shop, report, arguments.admin, arguments.admin_password)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
