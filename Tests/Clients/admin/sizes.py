"""Sizes and collections of the shop's own, used at once by every worker, and pictures of variants."""

import struct
import zlib

from admin.office import expect_named, in_crowd, new_word, row, table
from common import at_once

SEEDED_SIZES = {"xs", "s", "m", "l", "xl", "xxl"}
SEEDED_COLLECTIONS = {"winter_2025", "spring_2025", "summer_2025", "autumn_2025"}


def codes(value):
    """All codes in an answer, in their order, wherever they are."""
    if isinstance(value, dict):
        own = [value["code"]] if isinstance(value.get("code"), str) else []
        return own + [code for each in value.values() for code in codes(each)]
    return [code for each in value for code in codes(each)] if isinstance(value, list) else []


def listed(office):
    answer = office.get("/api/v1/classifiers")
    office.report.expect(answer, "the classifiers are read", 200)
    return codes(answer.json())


def add(office, classifier, code, name="A name"):
    return office.post(f"/api/v1/classifiers/{classifier}", {"code": code, "name": name})


def check_seeded_classifiers(office):
    found = set(listed(office))
    office.report.check(SEEDED_SIZES <= found, "the sizes are there from the start", SEEDED_SIZES - found)
    office.report.check(SEEDED_COLLECTIONS <= found, "the collections are there", SEEDED_COLLECTIONS - found)


def check_own_sizes_are_used_at_once(office):
    size, season, name = new_word("size_"), new_word("season_"), f"Name {new_word()}"
    items = [office.item() for _ in range(8)]
    tag = office.get("/api/v1/classifiers").header("ETag")
    listed(office)
    for classifier, code in (("quality_level", size), ("collection", season)):
        office.report.expect(add(office, classifier, code, name), f"a new {classifier}", 200, 201)
    rows = [row(2, size), row(2, size, season)]
    for answer in at_once([lambda item=item: office.put_variants(item, rows) for item in items]):
        office.need(office.report.expect(answer, "the new size is used at once", 200, 204))
    for answer in in_crowd(lambda: office.get("/api/v1/classifiers", headers={"If-None-Match": tag}), 10):
        right = answer.status == 200 and {size, season} <= set(codes(answer.json()))
        office.report.check(right, "every reader sees the new size at once", answer.status, answer)
    for variant in ({"quality_level": size}, {"quality_level": size, "collection": season}):
        for answer in at_once([lambda item=item: office.purchase(item, **variant) for item in items]):
            office.report.expect(answer, "the new size is bought at once", 201)
    for item in items[:2]:
        found = table(office.shown(item))
        wanted = {(None, size): (1, True), (season, size): (1, True)}
        office.report.check(found == wanted, "the new size has its stock", found)
    answer = office.put_variants(items[0], [row(1, season)])
    office.report.check(400 <= answer.status < 500, "a collection is not a size", answer)
    for code in (size, season):
        office.audited("a new classifier", code)


def check_one_code_many_times(office):
    code = new_word("size_")
    answers = in_crowd(lambda: add(office, "quality_level", code))
    for answer in answers:
        office.report.expect(answer, "one code at once", 200, 201, 409)
    done = sum(answer.status in (200, 201) for answer in answers)
    office.report.check(done >= 1, "one of them is taken", [answer.status for answer in answers])
    office.report.expect(add(office, "quality_level", code, "Another name"), "a code that is taken", 200, 201, 409, 422)
    count = listed(office).count(code)
    office.report.check(count == 1, "the code is in the list once", count)


def check_refused_classifiers(office):
    path = "/api/v1/classifiers/quality_level"
    before = listed(office)
    for body, members in (({}, ("code", "name")), ({"code": new_word("size_")}, ("name",)), ({"name": "A"}, ("code",)),
                          ({"code": 5, "name": []}, ("code", "name")), ({"code": None, "name": {}}, ("code", "name")),
                          ({"code": "", "name": "A"}, ("code",)), ({"code": "x" * 10000, "name": "A"}, ("code",))):
        expect_named(office.report, office.post(path, body), f"the classifier {str(body)[:60]}", *members)
    for body in ({"code": new_word("size_"), "name": "A", "colour": "red"}, {"code": "a\0b", "name": "A"}):
        office.report.expect(office.post(path, body), "an unknown member, or a NUL", 400, 422)
    for name in ("no-such-classifier", "0", "quality-level", "x" * 1000):
        office.report.expect(add(office, name, new_word("size_")), f"the classifier {name[:40]} is unknown", 404)
    for raw in (b"", b"{", b"[]", b'{"code":"a","name":"\xff"}'):
        office.report.expect(office.post(path, raw=raw), "a broken body", 400, 422)
    after = listed(office)
    office.report.check(after == before, "refused classifiers are not in the list", set(after) ^ set(before))


def picture(colour):
    """A small picture of one colour, as PNG."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress(b"".join(b"\0" + bytes(colour) * 8 for _ in range(8)))
    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def put_picture(office, item, query, colour, token=None):
    return office.api.call("PUT", f"/api/v1/items/{item.get('id')}/image{query}", raw=picture(colour),
                           content_type="image/png", token=token or office.token)


def check_pictures_of_variants(office):
    """Each variant has a picture of its own, and a picture of one replaces no other."""
    item = office.item()
    office.set_variants(item, [row(5), row(5, "s"), row(5, "m", "winter_2025")], "three variants")
    queries = {(None, None): "", (None, "s"): "?quality_level=s",
               ("winter_2025", "m"): "?collection=winter_2025&quality_level=m"}
    for number, query in enumerate(queries.values()):
        answer = put_picture(office, item, query, (50 * number, 100, 255))
        office.report.expect(answer, f"a picture for {query or 'the standard variant'}", 200, 201, 204)
    images = pictures(office.shown(item))
    office.report.check(set(images) == set(queries) and len(set(images.values())) == 3, "three pictures", images)
    for number, name in enumerate(queries):
        answer = office.api.get(images.get(name) or "/nothing")
        right = answer.status == 200 and answer.media_type() == "image/png" and answer.body != b""
        office.report.check(right, "the picture is shown to everybody", answer.status, answer.media_type())
    answer = put_picture(office, item, queries[(None, "s")], (255, 255, 0))
    office.report.expect(answer, "another picture for a size", 200, 201, 204)
    after = pictures(office.shown(item))
    changed = {name for name in queries if after.get(name) != images.get(name)}
    office.report.check(changed == {(None, "s")} and len(after) == 3, "only this one is another", images, after)
    answer = put_picture(office, item, "?quality_level=no-such-size", (0, 0, 0))
    office.report.check(400 <= answer.status < 500, "a picture for a size that does not exist", answer)
    for what, token in (("user", office.user.access), ("moderator", office.moderator)):
        office.report.expect(put_picture(office, item, "", (9, 9, 9), token), f"a picture from a {what}", 403)
    office.report.check(pictures(office.shown(item)) == after, "refused pictures change nothing", after)


def pictures(item):
    return {(each.get("collection"), each.get("quality_level")): each.get("url")
            for each in item.get("images") or [] if isinstance(each, dict)}


CHECKS = (
    check_seeded_classifiers, check_own_sizes_are_used_at_once, check_one_code_many_times,
    check_refused_classifiers, check_pictures_of_variants,
)
