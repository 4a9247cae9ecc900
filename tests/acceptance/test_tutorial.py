"""The tutorial does what it says, from its first command to its last."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import requests
from tests.tutorial_reader import Reader, assert_shown, reading, to_the_parked_registration, told

NUMBER = "6UX5G5I7K1G"


def test_the_tutorial_leads_from_nothing_to_a_parked_registration_that_the_console_mended(
    tmp_path: Path,
) -> None:
    with reading(tmp_path) as reader:
        to_the_parked_registration(reader)
        mend_in_the_console(reader)
        assert_shown(told(6, "text")[0], reader.until("corrected", "show", NUMBER))
        send_it_once_more(reader)
        mend_the_cause(reader)
        add_the_case(reader)


def mend_in_the_console(reader: Reader) -> None:
    """Log in, find the registration in both ways, read why, correct, and see it delivered."""
    browser = requests.Session()
    browser.trust_env = False
    at = f"{reader.url}/console"
    login = browser.get(at)
    assert "Password" in login.text
    browser.post(login.url, {"password": reader.variables["REGBRIDGE_CONSOLE_PASSWORD"]})
    reason = told(5, "text")[0].strip()
    assert reason in words(browser.get(at))
    assert "Show it" in words(browser.get(f"{at}/parked"))
    found = browser.get(f"{at}/registrations", params={"search": "Ottilie Brandvold"})
    assert set(re.findall(r"/console/registrations/(\d+)", found.text)) == {"6"}

    page = browser.get(f"{at}/registrations/6")
    assert reason in words(page)
    assert '"workPhone": "202-555-0147"' in words(page)
    [token] = set(re.findall(r'name="token" value="(\w+)"', page.text))
    form = {"field": "workPhone", "value": "2025550147", "why": "ten digits for the CRM"}
    answer = browser.post(
        f"{at}/registrations/6/correct", {"token": token, "target": "", "as": "text", **form}
    )

    assert "The value is corrected, and the registration is tried again." in words(answer)
    reader.until("registration 6: delivered", "show", NUMBER)
    page = browser.get(f"{at}/registrations/6")
    assert '<span class="state delivered">' in page.text
    assert "ten digits for the CRM" in words(page)
    assert "corrected" in words(browser.get(f"{at}/audit"))


def words(page: requests.Response) -> str:
    """Return what a page shows, without its tags."""
    assert page.ok, page.text
    return " ".join(unescape(re.sub(r"<[^>]+>", "", page.text)).split())


def send_it_once_more(reader: Reader) -> None:
    reader.do(told(5, "sh")[0])
    reader.until("registration 7: duplicate: the same change as registration 6", "show", NUMBER)


def mend_the_cause(reader: Reader) -> None:
    mistyped, put_back = told(7, "text")
    reader.edit("clients/apap.yaml", "max_length: 10", "max_lenght: 20")
    assert_shown(mistyped, reader.run("check"))
    reader.until("its change is refused", "status")
    reader.edit("clients/apap.yaml", "max_lenght: 20", "max_length: 20")
    reader.until("refused", "status", gone=True)
    assert_shown(put_back, reader.do(told(7, "sh")[0]))


def add_the_case(reader: Reader) -> None:
    reader.edit("clients/apap.cases.yaml", "", told(8, "yaml")[0])
    assert "OK (1 event, 1 endpoint, 1 target, 2 cases)" in reader.run("check")
