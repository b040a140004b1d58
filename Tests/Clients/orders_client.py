#!/usr/bin/env python3
"""A client that buys, fetches, cancels and returns, knowing only the shop's published HTTP contract.

Customers, a moderator and an administrator walk every order through its life. The client compares
coins, goods and stock with what the contract promises after every step, also while twenty threads
want the same few pieces. It makes its own people and items under fresh names and may run any number
of times against the same shop. Each failed check prints one line; the last line counts the checks,
and the exit code is 1 if any of them failed.
"""

import sys

from common import Report, read_arguments
from orders import bodies, bulk, crowd, life, limits, lists, purchases, refunds, sizes, tables
from orders.store import Store

PARTS = (purchases, life, refunds, bulk, bodies, lists, tables, sizes, limits, crowd)


def main():
    report = Report()
    store = report.attempt(Store, read_arguments(__doc__), report)
    if store is not None:
        for part in PARTS:
            for check in part.CHECKS:
                report.attempt(check, store)
        report.attempt(store.clear)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
