#!/usr/bin/env python3
"""A client that runs a shop through the HTTP API alone, as an administrator does.

It sets up items with sizes, stock, limits and marks, works off a queue of 500 orders, gives coins
to many people at once, and tries every route as a user, a moderator and an administrator. Each
failed check prints one line with the request and the answer; the last line counts the checks, and
the exit code is 1 if any of them failed. All names are fresh in every run.
"""

import sys

from admin import (
    catalogue, grants, limits, people, queue, retiring, roles, sizes, stock, variants,
)
from admin.office import Office, Unprepared
from common import Report, read_arguments


def run(report, step, *arguments):
    """Runs one step; if something that it needs has failed, this is in the report already."""
    try:
        return step(*arguments)
    except Unprepared:
        return None
    except Exception as error:
        report.check(False, f"{step.__name__} stopped", repr(error))
        return None


def main():
    report = Report()
    office = run(report, Office, read_arguments(__doc__), report)
    if office is not None:
        for part in (catalogue, variants, stock, limits, sizes, retiring, queue, grants, roles, people):
            for check in part.CHECKS:
                run(report, check, office)
        run(report, office.clear)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
