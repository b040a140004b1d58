"""The walk behind the counter: people, grants, corrections and reports, for counter.py."""

import re
from pathlib import Path

from playwright.sync_api import expect


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
    visitor.forgive("422 (Unprocessable Content)")


def import_people(visitor, company):
    page = visitor.page
    file = visitor.pictures / "people.csv"
    file.write_text(f"""Full_Name;Department;Email;Role
Olga {company.mark};IT;olga.{company.mark}@juniper.example;
Marina {company.mark};HR;{company.address("marina")};user
Nobody;HR;nobody@;
""")
    page.goto("/admin/people")
    page.get_by_role("link", name="Import CSV").click()
    page.get_by_role("button", name="Check it").click()
    expect(page.get_by_text("No file is chosen yet.")).to_be_visible()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Check it").click()
    expect(page.get_by_text("1 row cannot be added.")).to_be_visible()
    visitor.look_at("import-wrong")
    page.get_by_role("button", name="Go on without 1 wrong row").click()
    expect(page.locator(".confirm")).to_contain_text("Add 1 person?")
    visitor.look_at("import-confirm")
    # The second press of a slow double click would land on the list that follows.
    page.get_by_role("button", name="Add 1 person").evaluate("(one) => [one.click(), one.click()]")
    expect(page.locator(".toast")).to_contain_text("1 person added.")
    expect(page.get_by_role("link", name=f"Olga {company.mark}", exact=True)).to_be_visible()
    # The same file once more adds nobody.
    page.goto("/admin/people?view=import")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Check it").click()
    page.get_by_role("button", name="Go on without 1 wrong row").click()
    expect(page.get_by_role("alert").filter(has_text="has an account already")).to_be_visible()


def read_reports(visitor, company):
    page = visitor.page
    page.goto("/admin/reports")
    expect(page.get_by_role("img", name=re.compile("^Granted: "))).to_be_visible()
    page.get_by_text("Show the numbers").first.click()
    for button, head in (("Granted and spent: CSV", "day,granted,"), ("Purchases: CSV", "id,"), ("Running low: CSV", "id,"), ("All orders of these days as CSV", "id,user,item,")):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        text = Path(download.value.path()).read_text()
        assert text.startswith(head), f"{button}: {text[:60]}"
    page.get_by_label("Span").select_option(label="This year")
    expect(page).to_have_url(re.compile("period=year"))
    page.get_by_label("Span").select_option(label="Own dates")
    page.get_by_label("First day").fill("2026-05-02")
    page.get_by_label("Last day").fill("2026-05-01")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("Choose a first day")).to_be_visible()
    visitor.look_at("reports-wrong")
    page.get_by_label("Last day").fill("2026-05-03")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("heading", name="Nothing bought yet")).to_be_visible()
    visitor.look_at("reports-empty")
    # The shop adds up thanks for a year at most, the other figures for three.
    page.get_by_label("First day").fill("2025-01-01")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("Who thanked most is counted for spans of up to 366 days.")).to_be_visible()
    visitor.look_at("reports-long")
    for name in ("First day", "Last day"):
        page.get_by_label(name).fill("")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("heading", name="Thanked most", exact=True)).to_be_visible()
    expect(page.get_by_label("First day")).to_have_value("")
    visitor.forgive("422 (Unprocessable Content)")


def grant_coins(visitor, company):
    page = visitor.page
    before = company.coins("marina")
    page.goto(f"/admin/grants?to={company.address('marina')}")
    page.get_by_role("button", name="Check it").click()
    expect(page.get_by_text("This is still empty.")).to_have_count(3)
    page.get_by_role("combobox").fill(f"ingrid {company.mark}")
    page.get_by_role("option").click()
    page.get_by_label("Coins for each").fill("20")
    page.get_by_label("Reason").fill(f"The quiz {company.mark} {visitor.look[:3]}")
    expect(page.get_by_label("Name of the grant")).to_have_value(re.compile(f"the-quiz-{company.mark}"))
    page.get_by_role("button", name="Check it").click()
    expect(page.locator(".confirm")).to_contain_text("Grant 40 coins in all to 2 people?")
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
    page.get_by_role("button", name="Go on without 2 wrong rows").click()
    page.get_by_role("button", name="Grant 5 coins to 1 person").click()
    expect(page.get_by_text("1 person has the coins.")).to_be_visible()
    assert company.coins("marina") == before + 25
    visitor.forgive("422 (Unprocessable Content)")


def correct_belongings(visitor, company):
    page = visitor.page
    page.goto(f"/admin/adjust?user={company.user('ingrid')['id']}")
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
    visitor.forgive("400 (Bad Request)")


def correct_somebody_among_many(visitor, company):
    """A name that is a part of a hundred others, and the things of somebody who left."""
    page, name, address = visitor.page, company.name("al"), company.address("al")
    company.api.person(address, name)
    users = [{"email": f"{n}x{address}", "full_name": f"Namesake {n}"} for n in range(101)]
    company.api.ask("POST", "/api/v1/users/import", {"users": users}, company.token)
    page.goto("/admin/adjust")
    page.get_by_role("combobox").fill(name)
    page.get_by_role("option").filter(has_text=name).first.click()
    expect(page.get_by_label("Thing", exact=True)).to_be_focused()
    expect(page).to_have_url(re.compile("user="))
    al = page.url.split("user=")[1]
    assert company.api.ask("GET", f"/api/v1/users/{al}", token=company.token)["username"] == address
    company.api.ask("PATCH", f"/api/v1/users/{al}", {"is_active": False, "reason": "Has left"}, company.token)
    page.goto(f"/admin/people/{al}")
    page.get_by_role("link", name="Correct belongings").click()
    page.get_by_label("Thing", exact=True).select_option(label="Cup")
    page.get_by_label("More or fewer").fill("+1")
    page.get_by_label("Reason").fill("Found in the old office")
    page.get_by_role("button", name="Look at it once more").click()
    page.get_by_role("button", name="Correct it").click()
    expect(page.get_by_role("heading", name=f"Corrected for {name}")).to_be_visible()


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
