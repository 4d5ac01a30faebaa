"""Denials in another consent tool's cookies: the shipped table and the shipped file that reads them, together."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from consent_service import resources
from consent_service.config.prior_cmp import PRESETS
from tests.embed.test_script import script
from tests.web.prior_cookies import LIMIT, NOTHING, SALE, TABLE, Case, optanon

READER: Final = """
const {natives, file, cookies} = JSON.parse(require("fs").readFileSync(0, "utf8"));
const part = {};
new Function("_", "window", natives)(part, globalThis);
const said = [];
for (const cookie of cookies) {
  // The element that carries the natives, the cookies, and under a name of the build's own what is to be told.
  const given = {...part, cookie};
  const noted = (denied) => said.push(denied || {});
  const element = new Proxy({}, {get: (_, name) => name in given ? given[name] : noted});
  new Function("document", file)({currentScript: element});
}
process.stdout.write(JSON.stringify(said));
"""


def denials(tmp_path: Path, tool: str, cookies: Iterable[str], more: str = "") -> list[dict[str, str]]:
    """Return the denials that the shipped file reads in each of these cookies, for a site that had this tool."""
    file = script(tmp_path, more=f'prior_cmp = ["{tool}"]\n{more}').prior
    assert file is not None
    given = {
        "natives": (resources.widget_folder() / "natives.js").read_text(encoding="utf-8"),
        "file": file.decode(),
        "cookies": list(cookies),
    }
    done = subprocess.run(
        ["node", "-e", READER], input=json.dumps(given), capture_output=True, text=True, check=True
    )
    said: list[dict[str, str]] = json.loads(done.stdout)
    return said


def test_every_tool_that_prior_cmp_knows_has_a_table() -> None:
    assert TABLE.keys() == PRESETS.keys()


@pytest.mark.parametrize("tool", TABLE)
def test_a_tools_cookies_deny_what_their_visitors_refused_and_nothing_else(tmp_path: Path, tool: str) -> None:
    said = denials(tmp_path, tool, [case.cookie for case in TABLE[tool]])
    wrong = [(case, told) for case, told in zip(TABLE[tool], said, strict=True) if told != case.denied]
    assert wrong == []


OWN: Final = 'sale_share = ["BG12", "trg"], sensitive = ["BG13"]'
STEP: Final = 'sale_share = ["1"], sensitive = ["3"]'


@pytest.mark.parametrize(
    ("tool", "groups", "cases"),
    [
        (
            "onetrust",
            OWN,
            (
                Case(optanon("C0001%3A1%2CC0004%3A1%2CBG12%3A0"), SALE),
                Case(optanon("snc%3A1%2Ctrg%3A0"), SALE),
                Case(optanon("C0001%3A1%2CC0004%3A0%2CBG12%3A1"), SALE),
                Case(optanon("C0001%3A1%2CC0004%3A1%2CBG13%3A0"), LIMIT),
                Case(optanon("C0001%3A1%2CBG12%3A0%2CBG13%3A0"), {**SALE, **LIMIT}),
                Case("OptanonConsent=unreadable", {**SALE, **LIMIT}),
                # The site has said which groups mean it, so another one is in no doubt.
                Case(optanon("C0001%3A1%2CC0004%3A1%2CBG12%3A1%2CC0005%3A0"), NOTHING),
            ),
        ),
        (
            "onetrust",
            'sensitive = ["BG13"]',
            (
                Case(optanon("C0001%3A1%2CC0004%3A1%2CBG13%3A0"), LIMIT),
                Case(optanon("C0001%3A1%2CC0004%3A1%2CBG13%3A1%2CBG12%3A0"), SALE),
            ),
        ),
        (
            "cookieyes",
            'sale_share = ["social"], sensitive = ["health"]',
            (
                Case("cookieyes-consent=consent:yes,action:yes,advertisement:yes,social:no", SALE),
                Case(
                    "cookieyes-consent=consent:yes,action:yes,advertisement:yes,social:yes,health:no", LIMIT
                ),
                Case("cookielawinfo-checkbox-social=no", SALE),
                Case("cookieyes-health=no", LIMIT),
                Case(
                    "cookieyes-consent=consent:yes,action:yes,advertisement:yes,social:yes,maps:no", NOTHING
                ),
            ),
        ),
        (
            "trustarc",
            STEP,
            (
                Case("notice_gdpr_prefs=0,2,3:", SALE),
                Case("cmapi_cookie_privacy=permit 1,3,4", SALE),
                Case("notice_preferences=0:", {**SALE, **LIMIT}),
                Case("notice_preferences=2:; notice_gdpr_prefs=0,1:", LIMIT),
                Case(
                    "notice_gdpr_prefs=0,1,3:; notice_preferences=3:; cmapi_cookie_privacy=permit 1,2,4",
                    NOTHING,
                ),
            ),
        ),
        (
            "complianz",
            'sale_share = ["event_1"], sensitive = ["event_2"]',
            (
                Case("cmplz_marketing=allow; cmplz_event_1=deny", SALE),
                Case("cmplz_marketing=allow; cmplz_event_1=allow; cmplz_rt_event_2=deny", LIMIT),
                Case("cmplz_marketing=allow; cmplz_event_1=allow; cmplz_event_3=deny", NOTHING),
            ),
        ),
    ],
)
def test_a_sites_own_groups_deny_what_the_site_says_they_mean(
    tmp_path: Path, tool: str, groups: str, cases: tuple[Case, ...]
) -> None:
    said = denials(tmp_path, tool, [case.cookie for case in cases], f"prior_groups.{tool} = {{ {groups} }}")
    assert said == [case.denied for case in cases]


OTHERS: Final = """prior_cookies = [
    { cookie = "klaro", sale_share = ["adnet", "pixel"], sensitive = ["health"] },
    { cookie = "old", pattern = "marketing:no|verwährt" },
]"""


def test_a_cookie_of_an_unknown_tool_is_read_by_the_sites_groups_or_pattern(tmp_path: Path) -> None:
    cases = (
        Case("klaro=%7B%22matomo%22%3Afalse%2C%22adnet%22%3Afalse%2C%22pixel%22%3Atrue%7D", SALE),
        Case("klaro=%7B%22adnet%22%3Atrue%2C%22health%22%3Afalse%7D", LIMIT),
        Case("klaro=%7B%22matomo%22%3Atrue%7D", {**SALE, **LIMIT}),
        Case("old=x:1,marketing:no", SALE),
        Case("old=verw%C3%A4hrt", SALE),
        Case("klaro=%7B%22matomo%22%3Afalse%2C%22adnet%22%3Atrue%2C%22pixel%22%3A%22Granted%22%7D", NOTHING),
        Case("old=marketing:yes", NOTHING),
    )
    said = denials(tmp_path, "usprivacy", [case.cookie for case in cases], OTHERS)
    assert said == [case.denied for case in cases]
