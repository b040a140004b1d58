#!/usr/bin/env python3
"""Checks that openapi.yaml shows an example of each body, and that each example fits its schema.

Files and pages have none. Each fault is one line; the exit code is 1 if there is any."""

import sys

import jsonschema_rs
import yaml

METHODS = ("get", "post", "put", "patch", "delete")
WITHOUT = ("image/", "text/html", "text/event-stream")


def main(path):
    with open(path, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    faults = []
    count = 0
    for where, body_type, body in bodies(document):
        examples = found(document, body)
        count += len(examples)
        if not examples:
            faults.append(f"{where}, {body_type}: no example")
        for example in examples if "json" in body_type else ():
            faults += [f"{where}: {mistake}" for mistake in mistakes(document, body["schema"], example)]
    print("\n".join(faults + [f"{count} examples, {len(faults)} faults"]))
    return 1 if faults else 0


def bodies(document):
    """Every body of a request and of an answer that succeeds."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method not in METHODS:
                continue
            answers = [
                (status, answer) for status, answer in operation["responses"].items() if str(status).startswith("2")
            ]
            for part, holder in [("request", operation.get("requestBody", {}))] + answers:
                for body_type, body in followed(document, holder).get("content", {}).items():
                    if not body_type.startswith(WITHOUT):
                        yield f"{method.upper()} {path} {part}", body_type, body


def followed(document, value):
    """The value itself, behind any references."""
    while "$ref" in value:
        target = document
        for name in value["$ref"].split("/")[1:]:
            target = target[name]
        value = target
    return value


def found(document, body):
    schema = followed(document, body.get("schema", {}))
    named = [entry["value"] for entry in body.get("examples", {}).values()]
    return ([body["example"]] if "example" in body else []) + named + schema.get("examples", [])


def mistakes(document, schema, example):
    whole = {"components": document["components"], "allOf": [schema]}
    return [f"{error.message} in {example}" for error in jsonschema_rs.Draft202012Validator(whole).iter_errors(example)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
