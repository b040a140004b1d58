"""Finding a colleague by the first letters of a word, and what everybody may know of the shop."""

import secrets
import string
import time

from admin.office import in_crowd, new_word, until
from merch.sessions import registration
from merch.shop import quoted

PEOPLE, SHOP = "/api/v1/people", "/api/v1/shop"
MOST_PEOPLE = 8
MOST_REQUESTS = 600


def letters(count=9):
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(count))


def search(office, words, token=None):
    return office.api.get(f"{PEOPLE}?q={quoted(words)}", token=token or office.user.access)


def found_by(office, words):
    """The people that a search gives, as a list of objects."""
    answer = search(office, words)
    office.need(office.report.expect(answer, "a search for people", 200))
    body = answer.json()
    people = body if isinstance(body, list) else answer.member("items")
    office.report.check(isinstance(people, list) and len(people) <= MOST_PEOPLE and
                        all(isinstance(each, dict) and each.get("username") for each in people),
                        "at most eight people, each with a username", answer)
    return people or []


def usernames(office, words):
    return {each.get("username") for each in found_by(office, words)}


def make(office, full_name):
    sent = registration(full_name=full_name)
    answer = office.post("/api/v1/users", sent)
    office.report.expect(answer, "a colleague is made", 201)
    office.users.append(answer.member("id"))
    return answer.member("username"), sent["email"]


def check_search_by_words(office):
    first, second = letters(), letters()
    name, email = make(office, f"{first} {second}")
    for words in (first, second, first[:4], second[:7]):
        found = until(lambda: name in usernames(office, words) and found_by(office, words))
        office.report.check(bool(found), "a prefix of each word of the name finds a person", words)
        mine = [each for each in found or [] if each.get("username") == name]
        told = [value for each in mine for value in each.values()]
        office.report.check(f"{first} {second}" in told, "with the name to show", mine)
        private = {"email", "role", "is_active", "password", "created_at", "balance", "coins"}
        office.report.check(not any(private & set(each) for each in found or []), "and nothing private", mine)
    for words in (first[1:], second[2:], first + "x", letters(), f"{first[0]}_{first[2:]}", f"_{first[1:]}",
                  "%" * 3, "_" * 9):
        office.report.check(name not in usernames(office, words), "letters within a word find no person", words, name)
    person = office.user.name
    office.report.check(until(lambda: person in usernames(office, person)), "a username is found", person)


def check_names_in_other_letters(office):
    word = "".join(secrets.choice("абвгдежзиклмнопрстуфхц") for _ in range(9))
    name, _ = make(office, f"{word} {word[::-1]}")
    for words in (word, word[:5], word[::-1][:6]):
        office.report.check(until(lambda: name in usernames(office, words)), "Cyrillic words are found", words)


def check_at_most_eight(office):
    word = letters()
    names = {make(office, f"{word} {letters()}")[0] for _ in range(MOST_PEOPLE + 2)}
    found = until(lambda: len(usernames(office, word)) == MOST_PEOPLE and usernames(office, word)) or set()
    office.report.check(len(found) == MOST_PEOPLE and found <= names, "eight of ten are given", found)


def check_odd_searches(office):
    for query in ("", "?q=", "?q=%00", "?q=%FF", "?q=" + "x" * 3000, "?q=a&q=b", "?q=%20%20", "?q=%F0%9F%98%80",
                  "?q=" + quoted("' OR 1=1 --"), "?q=" + quoted("a:*"), "?q=" + quoted("(((")):
        answer = office.api.get(PEOPLE + query, token=office.user.access)
        office.report.expect(answer, f"the search {query[:30]}", 200, 400, 404, 414, 422)
    answer = office.api.post(PEOPLE, {}, token=office.user.access)
    office.report.check(answer.status == 405 and answer.header("Allow") != "", "POST is 405 with Allow", answer)


def check_signed_in_people_only(office):
    for token, status in ((None, 401), ("not-a-token", 401), (office.user.access, 200), (office.moderator, 200),
                          (office.token, 200)):
        answer = office.api.get(f"{PEOPLE}?q={letters(3)}", token=token)
        office.report.expect(answer, "signed-in people search, others do not", status)


def check_the_shop(office):
    """The page needs this before sign-in."""
    answer = office.api.get(SHOP)
    office.need(office.report.expect(answer, "the shop is read without a token", 200))
    told = answer.body.decode("utf-8", "replace")
    office.report.check("/auth/methods" in told, "it has the address of the sign-in methods", answer)
    cached = answer.header("ETag") or answer.header("Cache-Control")
    office.report.check(cached and "no-store" not in answer.header("Cache-Control"), "it may be cached", answer.headers)
    if answer.header("ETag"):
        again = office.api.get(SHOP, headers={"If-None-Match": answer.header("ETag")})
        office.report.check(again.status == 304 and again.body == b"", "unchanged it is 304 without a body", again)
    for token in (office.user.access, office.moderator, office.token):
        same = office.api.get(SHOP, token=token)
        office.report.check(same.json() == answer.json(), "every role gets the same answer", same)
    for each in in_crowd(lambda: office.api.get(SHOP)):
        office.report.check(each.json() == answer.json(), "every worker gives the same answer", each)
    posted = office.api.post(SHOP, {}, token=office.token)
    office.report.check(posted.status == 405 and posted.header("Allow") != "", "POST is 405 with Allow", posted)


def check_the_rate(office):
    """A user above the rate of searches gets 429."""
    person = office.customer()
    path = f"{PEOPLE}?q={new_word()[:4]}"
    deadline, limited = time.monotonic() + 6, None
    for _ in range(MOST_REQUESTS // 20):
        answers = in_crowd(lambda: office.api.once(path, person.access))
        if not any(answer.status in (200, 429) for answer in answers):
            break
        limited = next((answer for answer in answers if answer.status == 429), None)
        if limited or time.monotonic() > deadline:
            break
    right = office.report.check(limited is not None, "hundreds of searches within seconds are limited", MOST_REQUESTS)
    office.need(right)
    right = all(limited.header(name) for name in ("Retry-After", "RateLimit", "RateLimit-Policy"))
    office.report.check(right, "429 has Retry-After, RateLimit and RateLimit-Policy", limited.headers)


CHECKS = (
    check_search_by_words, check_names_in_other_letters, check_at_most_eight, check_odd_searches,
    check_signed_in_people_only, check_the_shop, check_the_rate,
)
