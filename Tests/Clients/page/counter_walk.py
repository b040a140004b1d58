"""The walk behind the counter: the work of a day, step by step, for counter.py."""

import re
import struct
import zlib
from pathlib import Path

from playwright.sync_api import expect


def excuse(visitor, *marks):
    """Drops the browser's notes about answers that the walk asked for, such as a refusal."""
    visitor.complaints = [one for one in visitor.complaints if not any(mark in one for mark in marks)]


def picture(path):
    """A small PNG of one colour."""
    rows = b"".join(b"\x00" + b"\x2f\xa3\x7a" * 64 for _ in range(64))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    return path


def work_off_the_queue(visitor, company):
    page = visitor.page
    marina, ingrid = company.name("marina"), company.name("ingrid")
    orders = [company.buy("marina", "cup"), company.buy("marina", "pen"), company.buy("ingrid", "hoody", quality_level="l")]
    page.goto("/admin")
    expect(page.get_by_role("heading", name="Hand-over")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(f"marina {company.mark}")
    rows = page.locator("table.queue tbody tr")
    expect(rows).to_have_count(2)
    # One by its button, in one tap.
    page.get_by_role("button", name=f"Mark ready Cup for {marina}").click()
    expect(page.locator(".toast")).to_contain_text(f"Ready: Cup for {marina}.")
    page.get_by_role("button", name=f"Hand over Cup for {marina}").click()
    expect(page.locator(".toast")).to_contain_text("Handed over: Cup")
    expect(rows).to_have_count(1)
    # Several by keyboard alone.
    page.get_by_role("searchbox").fill(company.mark)
    expect(rows).to_have_count(2)
    page.get_by_role("heading", level=1).focus()
    for key in "jxjx":
        page.keyboard.press(key)
    expect(page.locator(".chosen")).to_contain_text("2 chosen")
    visitor.look_at("queue-chosen")
    page.keyboard.press("r")
    expect(page.locator(".toast")).to_contain_text("2 orders are ready.")
    for key in "jjxkx":
        page.keyboard.press(key)
    # One of them is cancelled by somebody else: the other still goes.
    company.api.ask("POST", f"/api/v1/orders/{orders[2]}/cancel", {"note": "The seam is open"}, company.token)
    page.keyboard.press("h")
    expect(page.get_by_role("alert")).to_contain_text(f"Hoody for {ingrid} stays as it is.")
    visitor.look_at("queue-refused")
    # Goods that went out come back with a reason, and the coins with it.
    page.get_by_role("link", name="Handed over").click()
    page.get_by_role("searchbox").fill(company.mark)
    before = company.coins("marina")
    page.get_by_role("button", name=f"Take back… Pen for {marina}").click()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("This is still empty.")).to_be_visible()
    page.get_by_label("Why?").fill("It does not write")
    visitor.look_at("queue-take-back")
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator(".toast")).to_contain_text("10 coins went back.")
    assert company.coins("marina") == before + 10
    company.buy("marina", "socks")
    page.goto("/admin/queue?state=ordered")
    page.get_by_role("button", name=f"Cancel… Socks for {marina}").click()
    page.get_by_label("Why?").fill("None left")
    page.get_by_role("button", name="Cancel the order").click()
    expect(page.locator(".toast")).to_contain_text("Cancelled: Socks")
    page.get_by_role("searchbox").fill("nobody of this name")
    expect(page.get_by_role("heading", name="No order for this name")).to_be_visible()
    visitor.look_at("queue-nobody")


def add_and_edit_a_thing(visitor, company):
    page = visitor.page
    name = f"Cap {company.mark} {visitor.look[:3]}"
    file = picture(visitor.pictures / "cap.png")
    page.goto("/admin/catalogue")
    page.get_by_role("link", name="Add a thing").click()
    page.get_by_label("Price in coins").fill("-3")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("This is still empty.")).to_be_visible()
    expect(page.get_by_text("Take away the minus.")).to_be_visible()
    visitor.look_at("thing-wrong")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Price in coins").fill("40")
    page.get_by_role("button", name="Add a size").click()
    page.get_by_label("Or a new size").fill(f"Kids {company.mark}")
    visitor.look_at("thing-size")
    page.get_by_role("dialog").get_by_role("button", name="Add a size").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("textbox", name=re.compile("Stock of")).fill("3")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("img", name="The new picture")).to_be_visible()
    page.get_by_role("button", name="Add it").click()
    expect(page.locator(".toast")).to_contain_text(f"On the shelf: {name}.")
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(page.locator(".edit .pic img")).to_have_attribute("src", re.compile("^/media/"))
    # A stock needs a reason, and only what changed is sent.
    page.get_by_role("button", name=re.compile("^One less")).click()
    page.get_by_label("Tell me when so few are left").fill("2")
    page.get_by_role("button", name=f"Save {name}").click()
    expect(page.get_by_text("The stock changed. Say why.")).to_be_visible()
    page.get_by_label("Why did the stock change?").fill("Counted on Friday")
    page.get_by_role("button", name=f"Save {name}").click()
    expect(page.locator(".toast")).to_contain_text(f"Saved: {name}.")
    visitor.look_at("thing")
    # Somebody else is faster.
    item = company.api.ask("GET", f"/api/v1/items?search={company.mark}&limit=100")["items"][-1]
    company.api.ask("PATCH", f"/api/v1/items/{item['id']}", {"price": 45}, company.token)
    page.get_by_label("Price in coins").fill("41")
    page.get_by_role("button", name=f"Save {name}").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody changed this in the meantime.")
    visitor.look_at("thing-changed")
    page.reload()
    page.get_by_role("button", name="Take the picture away").click()
    page.get_by_role("button", name=f"Save {name}").click()
    expect(page.locator(".edit .pic svg")).to_be_visible()
    page.get_by_role("link", name="See all changes").click()
    expect(page.get_by_role("row", name=re.compile("Counted on Friday"))).to_be_visible()
    page.go_back()
    page.get_by_role("button", name=f"Retire {name}…").click()
    visitor.look_at("thing-retire")
    page.get_by_role("button", name=f"Retire {name}", exact=True).click()
    page.get_by_role("button", name="Put it back on the shelf").click()
    expect(page.get_by_role("button", name=f"Retire {name}…")).to_be_visible()
    page.goto("/admin/catalogue?view=low")
    page.get_by_role("searchbox").fill(company.mark)
    expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    excuse(visitor, "412")


def invite_and_change_people(visitor, company):
    page = visitor.page
    page.goto("/admin/people")
    page.get_by_role("button", name="Invite").click()
    page.get_by_label("E-mail").fill("new@")
    page.get_by_role("button", name="Make the invitation link").click()
    expect(page.get_by_text("This is no e-mail address yet.")).to_be_visible()
    page.get_by_label("E-mail").fill(f"asya.{visitor.look[:3]}.{company.mark}@juniper.example")
    visitor.look_at("invite")
    page.get_by_role("button", name="Make the invitation link").click()
    expect(page.get_by_label("Invitation link")).to_have_value(re.compile("/join#"))
    visitor.look_at("invite-link")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    row = page.get_by_role("row", name=re.compile(f"asya.{visitor.look[:3]}.{company.mark}"))
    row.get_by_role("button", name="End").click()
    expect(row).to_contain_text("ended")
    page.goto("/admin/people")
    page.get_by_role("searchbox").fill(company.address("ingrid"))
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name=company.name("ingrid"), exact=True).click()
    page.get_by_label("Moderator", exact=True).click()
    visitor.look_at("person-role")
    page.get_by_role("button", name="Change the role").click()
    expect(page.locator(".badge", has_text="Moderator")).to_be_visible()
    page.get_by_label("Colleague", exact=True).click()
    page.get_by_role("button", name="Change the role").click()
    expect(page.locator(".badge", has_text="Moderator")).to_have_count(0)
    page.get_by_role("button", name="Make a reset link").click()
    expect(page.get_by_label(re.compile("^Reset link for"))).to_have_value(re.compile("/reset#"))
    page.get_by_text("Link another one").click()
    page.get_by_label("Issuer").fill("https://sso.juniper.example")
    page.get_by_label("Subject").fill(f"ingrid-{company.mark}-{visitor.look[:3]}")
    page.get_by_role("button", name="Link it").click()
    page.get_by_role("button", name=re.compile("^Unlink")).click()
    expect(page.get_by_text("signs in only here")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Deactivate .*…")).click()
    page.get_by_role("button", name="Deactivate", exact=True).click()
    expect(page.locator(".badge", has_text="Deactivated")).to_be_visible()
    visitor.look_at("person-off")
    page.get_by_role("button", name=re.compile("^Let .* in again")).click()
    expect(page.locator(".badge", has_text="Deactivated")).to_have_count(0)
    excuse(visitor, "422 (Unprocessable Content)")


def grant_coins(visitor, company):
    page = visitor.page
    before = company.coins("marina")
    page.goto(f"/admin/grants?to={company.address('marina')}")
    page.get_by_role("button", name="Check it").click()
    expect(page.get_by_text("This is still empty.")).to_have_count(3)
    page.get_by_role("combobox").fill(f"ingrid {company.mark}")
    page.get_by_role("option").click()
    page.get_by_label("How many?").fill("20")
    page.get_by_label("Reason").fill(f"The quiz {company.mark} {visitor.look[:3]}")
    expect(page.get_by_label("Name of the grant")).to_have_value(re.compile(f"the-quiz-{company.mark}"))
    page.get_by_role("button", name="Check it").click()
    expect(page.locator(".confirm")).to_contain_text("Grant 40 coins to 2 people?")
    visitor.look_at("grants-confirm")
    page.get_by_role("button", name="Grant 40 coins to 2 people").dblclick()
    expect(page.get_by_text("2 people have the coins.")).to_be_visible()
    visitor.look_at("grant")
    assert company.coins("marina") == before + 20
    file = visitor.pictures / "thanks.csv"
    file.write_text(f"Username;amount;note\n{company.address('marina')};5;\"a;b\"\nnobody-{company.mark};5;\n{company.address('ingrid')};2.5;\n")
    page.goto("/admin/grants?view=table")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_label("Reason").fill(f"Thanks {company.mark} {visitor.look[:3]}")
    page.get_by_role("button", name="Check it").click()
    expect(page.locator(".banner[role=alert]")).to_contain_text("2 rows cannot be granted.")
    expect(page.get_by_text("“2.5” is no whole number.")).to_be_visible()
    visitor.look_at("grants-wrong")
    page.get_by_role("button", name="Go on with 1 good row").click()
    page.get_by_role("button", name="Grant 5 coins to 1 person").click()
    expect(page.get_by_text("1 person has the coins.")).to_be_visible()
    assert company.coins("marina") == before + 25
    excuse(visitor, "422 (Unprocessable Content)")


def correct_belongings(visitor, company):
    page = visitor.page
    page.goto(f"/admin/adjust?to={company.address('ingrid')}")
    page.get_by_role("button", name="Look at it once more").click()
    expect(page.get_by_text("Say a little more: at least 10 characters.")).to_be_visible()
    page.get_by_label("Thing", exact=True).select_option(label="Cup")
    page.get_by_label("More or fewer").fill("-500")
    page.get_by_label("Reason").fill("Counted again at the desk")
    page.get_by_role("button", name="Look at it once more").click()
    page.get_by_role("button", name="Correct it").click()
    expect(page.get_by_role("alert")).to_contain_text("There are only")
    visitor.look_at("adjust-short")
    page.get_by_label("More or fewer").fill("+2")
    page.get_by_role("button", name="Look at it once more").click()
    visitor.look_at("adjust-confirm")
    page.get_by_role("button", name="Correct it").click()
    expect(page.get_by_role("heading", name=f"Corrected for {company.name('ingrid')}")).to_be_visible()
    visitor.look_at("adjust-done")
    page.goto("/admin/audit?action=inventory.adjust")
    expect(page.get_by_role("row", name=re.compile("Counted again at the desk")).first).to_contain_text(company.name("ingrid"))
    page.goto("/admin/reports")
    page.get_by_text("Show the numbers").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Orders").click()
    assert Path(download.value.path()).read_text().startswith("id,user,item,"), "the file is no table"
    excuse(visitor, "400 (Bad Request)")


def moderate(visitor, company):
    """A moderator hands over and reads people; the other screens do not exist for them."""
    page = visitor.page
    expect(page.locator(".counternav a")).to_have_count(2)
    page.goto(f"/admin/people?q={company.address('marina')}")
    page.get_by_role("link", name=company.name("marina"), exact=True).click()
    expect(page.get_by_text("Only admins change people.")).to_be_visible()
    visitor.look_at("person-read")
    page.goto("/admin/catalogue")
    expect(page.get_by_role("heading", name="Nothing on this shelf")).to_be_visible()
    company.buy("marina", "pen")
    page.goto("/admin/queue?state=ordered")
    page.get_by_role("button", name=f"Mark ready Pen for {company.name('marina')}").first.click()
    expect(page.locator(".toast")).to_contain_text("Ready: Pen")


WALK = [work_off_the_queue, add_and_edit_a_thing, invite_and_change_people, grant_coins, correct_belongings, moderate]
