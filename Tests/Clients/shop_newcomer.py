#!/usr/bin/env python3
"""A newcomer's test of the coin shop, from its published contract alone.

The program talks to the shop through a small HTTP/1.1 layer of its own over plain sockets. It keeps
a model of what every person must own and compares `GET /api/info` with that model after every step.
All names are fresh in every run, so it may be run any number of times against the same service.
"""

import sys

from common import Report, read_arguments
from newcomer import bodies, connections, crowd, merch, neighbours, tokens
from newcomer.shop import Newcomer


def main():
    report = Report()
    newcomer = Newcomer(read_arguments(__doc__), report)
    for part in (merch, bodies, connections, tokens, neighbours, crowd):
        for chapter in part.CHAPTERS:
            report.attempt(chapter, newcomer)
            newcomer.shop.wire.close()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
