"""Walks through the shop's page as people do, in a real browser, and looks at every screen in all its forms."""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import walk_account
import walk_coins
import walk_goods
import walk_keyboard
import walk_line
from cast import Cast
from playwright.sync_api import expect, sync_playwright
from visitor import API, LONGEST, Visitor

SCREENS = [
    ("home", "/"), ("send", "/send"), ("history", "/history"), ("shop", "/shop"), ("item", "/shop/hoody"),
    ("mine", "/mine"), ("orders", "/orders"), ("me", "/me"), ("no-item", "/shop/nothing-of-this-name"),
]

DESK, PHONE, PHONE_AT_NIGHT = (1280, "light", "en"), (390, "light", "en"), (390, "dark", "ru")

# Each step with the visitors who take it.
WALK = [
    (walk_account.a_stranger, DESK), (walk_account.sign_in_and_out, PHONE), (walk_account.make_an_account, DESK),
    (walk_account.an_account_whose_answer_was_lost, PHONE),
    (walk_account.join_and_reset, DESK), (walk_account.second_factor, DESK), (walk_account.settings, PHONE),
    (walk_account.a_new_name, DESK), (walk_account.a_sign_out_that_fails, PHONE), (walk_account.somebody_else, DESK),
    (walk_account.a_session_that_ended, PHONE), (walk_coins.send_and_undo, PHONE), (walk_coins.send_and_undo, DESK),
    (walk_coins.undo_from_history, PHONE), (walk_coins.undo_from_history, DESK), (walk_coins.a_direction, PHONE),
    (walk_coins.a_lost_answer_sends_once, DESK), (walk_coins.a_grant_while_the_page_is_open, DESK),
    (walk_coins.no_way_back_while_sending, PHONE), (walk_coins.enter_while_typing, DESK),
    (walk_goods.a_lost_answer_buys_once, PHONE), (walk_goods.buy_and_cancel, PHONE), (walk_goods.buy_a_size, DESK),
    (walk_goods.up_to_a_limit, PHONE), (walk_goods.what_can_be_fetched, DESK),
    (walk_goods.things_of_other_kinds, DESK), (walk_goods.long_and_large, DESK),
    (walk_line.a_first_visit, PHONE), (walk_line.a_slow_line, PHONE), (walk_line.without_a_line, DESK),
    (walk_line.a_shop_that_is_gone, PHONE), (walk_line.outside, DESK), (walk_keyboard.a_newcomer, DESK),
    (walk_keyboard.a_newcomer, PHONE_AT_NIGHT), (walk_keyboard.keys, DESK),
]


def screens(visitor, cast):
    """Every screen of a person who has something of everything."""
    cast.buy(cast.vera, "umbrella", ready=True)
    cast.buy(cast.vera, "t-shirt", quality_level="l")
    cast.send(cast.marina, cast.vera, 50, "Thank you for the long evening in the server room, and for the tea")
    look = visitor.look_in_every_light if all_looks else visitor.look_twice
    visitor.page.goto("/")
    look("sign-in")
    visitor.sign_in(cast.vera)
    for name, path in SCREENS:
        visitor.open(path)
        look(name)


STEPS = [(screens, (390, "light", "ru")), (screens, DESK), *WALK]

playwright = browser = None
all_looks = False


def start_browser(path, wants_all):
    """Each process has a browser of its own."""
    global playwright, browser, all_looks
    all_looks = wants_all
    expect.set_options(timeout=LONGEST)
    playwright = sync_playwright().start()
    browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


def take(index, arguments, admin):
    """One step by one visitor: a line if it holds, and a line for each thing that does not."""
    step, form = STEPS[index]
    start = time.monotonic()
    visitor = Visitor(browser, arguments.base, arguments.pictures, *form)
    try:
        step(visitor, Cast(API(arguments.base), admin))
    except Exception as error:
        visitor.page.screenshot(path=Path(arguments.pictures) / f"failed-{step.__name__}-{visitor.look}.png")
        visitor.complaints.append(" ".join(str(error).split())[:600])
    name = f"{step.__name__} {'-'.join(map(str, form))}"
    wrong = [f"WRONG {name}: {' '.join(complaint.split())}" for complaint in visitor.close()]
    return wrong, wrong or [f"{name}: {time.monotonic() - start:.1f} s"]


def main(arguments):
    Path(arguments.pictures).mkdir(parents=True, exist_ok=True)
    admin = API(arguments.base).token(arguments.admin, Path(arguments.admin_password_file).read_text().strip())
    chosen = [index for index, (step, _) in enumerate(STEPS) if arguments.only in (None, step.__name__)]
    if not chosen:
        print(f"WRONG there is no step {arguments.only}")
        return 1
    is_wrong = False
    with ProcessPoolExecutor(2, get_context("spawn"), start_browser, [arguments.browser, arguments.all_looks]) as pool:
        for done in as_completed([pool.submit(take, index, arguments, admin) for index in chosen]):
            wrong, lines = done.result()
            is_wrong |= bool(wrong)
            print("\n".join(lines), flush=True)
    return 1 if is_wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("base", "admin", "admin-password-file", "pictures"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--only", help="the name of one step")
    parser.add_argument("--all-looks", action="store_true", help="look at every screen in all eight forms, not in four")
    parser.add_argument("--browser", default="/usr/bin/chromium")
    sys.exit(main(parser.parse_args()))
