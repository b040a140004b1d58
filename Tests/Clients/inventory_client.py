#!/usr/bin/env python3
"""A test of the inventory service, from its published contract alone.

An owner, another plain user, a moderator, a service and an administrator use every inventory route.
A model keeps what each person must own in each section, and the answers are compared with it after
every step. All names and identifiers are fresh in every run, so it may be run any number of times
against the same service.
"""

import sys

from common import Report, read_arguments
from inventory import adding, adjusting, crowd, reading, reserving, tokens
from inventory.tester import Tester


def main():
    report = Report()
    tester = report.attempt(Tester(read_arguments(__doc__), report).prepare)
    if tester is not None:
        for part in (reading, adding, reserving, adjusting, tokens, crowd):
            for chapter in part.CHAPTERS:
                report.attempt(chapter, tester)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
