"""The choices page against whoever should not get anything out of it: forged, foreign and odd calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from consent_service.identity.key_ring import rotate_ring
from consent_service.identity.visitor_tokens import VisitorClaims, VisitorTokens
from tests.support.application import RING, SERVICE, SHOP, Running, running
from tests.support.clock import START
from tests.web.browsing import PAGE, SAME, Person, form_token, person, text_of

STOPPED, UNKNOWN = "Stopped: you are opted out", "Not known on this page"
EVIL = "https://evil.example"
VISITOR = bytes(range(16))


@pytest.fixture
async def visitor(service: Running) -> AsyncIterator[Person]:
    async with person(service) as one:
        yield one


class TestRule12OnlyThePageItselfChooses:
    @pytest.mark.parametrize(
        "headers",
        [
            {"origin": SHOP},
            {"origin": EVIL},
            {"origin": "null"},
            {},
            {"origin": SERVICE, "sec-fetch-site": "cross-site"},
            {"origin": SERVICE, "sec-fetch-site": "same-site"},
        ],
    )
    async def test_a_post_from_anywhere_else_is_refused(
        self, service: Running, visitor: Person, headers: dict[str, str]
    ) -> None:
        data = {"form_token": form_token(await visitor.look()), "do": "opt_out"}
        refused = await visitor.client.post(PAGE, data=data, headers=headers)
        assert refused.status_code == 403
        assert refused.json()["type"] == "urn:consent-service:problem:origin-not-allowed"
        assert await service.entries() == []

    @pytest.mark.parametrize(
        "said",
        [
            {"sec-fetch-site": "same-origin"},
            {"sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
            {},
        ],
        ids=str,
    )
    async def test_rule_3_allowing_needs_a_press_that_the_browser_vouches_for_and_rule_4_stopping_does_not(
        self, service: Running, visitor: Person, said: dict[str, str]
    ) -> None:
        sent = {"origin": SERVICE, **said}
        for do in ("allow", "lift"):
            data = {"form_token": form_token(await visitor.look()), "do": do}
            refused = await visitor.client.post(PAGE, data=data, headers=sent)
            assert refused.status_code == 403
            assert "What you stopped stays stopped." in refused.text
        assert await service.entries() == []
        data = {"form_token": form_token(await visitor.look()), "do": "opt_out"}
        assert (await visitor.client.post(PAGE, data=data, headers=sent)).status_code == 303
        assert len(await service.entries()) == 1

    async def test_without_the_pages_form_token_it_is_refused(
        self, service: Running, visitor: Person
    ) -> None:
        other = form_token(await visitor.look("/s/abroad/privacy-choices"))
        token = (await service.choose(sale_share="opt_in")).json()["visitor"]
        for given in (None, "", "x", "-", token, other, "é", "x" * 9000):
            data = {"do": "allow"} if given is None else {"do": "allow", "form_token": given}
            refused = await visitor.client.post(PAGE, data=data, headers=SAME)
            assert refused.status_code == 403, given
        assert len(await service.entries()) == 1

    async def test_a_form_older_than_a_day_is_refused(self, service: Running, visitor: Person) -> None:
        page = await visitor.look()
        service.clock.now += 86_401
        assert (await visitor.press("opt_out", page)).status_code == 403

    @pytest.mark.parametrize("do", ["", "opt_in", "erase", "opt_out\x00", "é"])
    async def test_a_button_that_there_is_not_is_a_problem(
        self, service: Running, visitor: Person, do: str
    ) -> None:
        answer = await visitor.press(do)
        assert answer.status_code == 400
        assert await service.entries() == []


class TestOddBodies:
    @pytest.mark.parametrize("path", [PAGE, f"{PAGE}/open", "/s/acme/confirm/x"])
    @pytest.mark.parametrize(
        ("body", "statuses"),
        [
            (b"", {303, 403}),
            (b"&&&===", {303, 403}),
            (b"\xff\xfe\x00", {303, 403}),
            (b"a=%ff%00&form_token=%ed%a0%80", {303, 403}),
            (b"a=b&" * 1000, {303, 403}),
            (b"x" * 17_000, {413}),
        ],
        ids=lambda one: repr(one[:12]) if isinstance(one, bytes) else "",
    )
    async def test_are_told_so_and_nothing_more(
        self, service: Running, path: str, body: bytes, statuses: set[int]
    ) -> None:
        headers = {**SAME, "content-type": "application/x-www-form-urlencoded"}
        answer = await service.client.post(path, content=body, headers=headers)
        assert answer.status_code in statuses
        assert await service.entries() == []

    @pytest.mark.parametrize(
        "media_type", ["application/json", "multipart/form-data; boundary=x", "text/plain"]
    )
    async def test_other_media_types_are_refused(self, service: Running, media_type: str) -> None:
        headers = {**SAME, "content-type": media_type}
        answer = await service.client.post(PAGE, content=b"do=opt_out", headers=headers)
        assert answer.status_code == 415

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
    async def test_other_methods_and_sites_are_problems(self, service: Running, method: str) -> None:
        assert (await service.client.request(method, PAGE)).status_code == 405
        for path in ("", "/open", "/back"):
            unknown = await service.client.request(
                "POST" if path == "/open" else "GET", f"/s/nobody/privacy-choices{path}"
            )
            assert unknown.status_code == 404


class TestTokensThatCannotBeHonoured:
    """Rule 2: denied, said so, and opting out still works."""

    def unhonoured(self, service: Running, kind: str, token: str) -> str:
        tokens = VisitorTokens(service.ring)
        claims = tokens.unsign("acme", token, START)
        return {
            "forged": token[:-2] + ("AA" if token[-2:] != "AA" else "BB"),
            "foreign": tokens.sign("abroad", claims),
            "too new": tokens.sign("acme", claims._replace(version=claims.version + 9)),
            "expired": tokens.sign("acme", claims._replace(issued_at=START - 401 * 86_400)),
            "nobody's": tokens.sign("acme", VisitorClaims(VISITOR, 1, None, START)),
        }[kind]

    @pytest.mark.parametrize("kind", ["forged", "foreign", "too new", "expired", "nobody's"])
    async def test_deny_and_let_opt_out_as_somebody_new(
        self, service: Running, visitor: Person, kind: str
    ) -> None:
        victim = (await service.choose(sale_share="opt_in")).json()["visitor"]
        await visitor.hand_over(visitor=self.unhonoured(service, kind, victim))
        page = await visitor.look()
        assert text_of(page, "sale_share-state") == STOPPED
        assert "can't be recognized" in " ".join(page.text.split()).replace("&#39;", "'")
        page = await visitor.choose("opt_out")
        assert text_of(page, "did").startswith("You opted out")
        assert text_of(page, "receipt")
        assert (await service.flag(visitor=victim))["basis"] == "opted_in", "never somebody else"

    async def test_allow_nothing_before_the_second_step(self, service: Running, visitor: Person) -> None:
        await visitor.hand_over(visitor="forged")
        confirm = await visitor.choose("allow")
        assert text_of(await visitor.look(), "sale_share-state") == STOPPED
        await visitor.confirm(confirm)
        page = await visitor.look()
        assert text_of(page, "sale_share-state") == "Allowed on this page"
        assert "Allowed" not in text_of(page, "sensitive-state"), (
            "what the lost identity said of this is unknown"
        )

    async def test_under_a_retired_key_they_deny_too(self, tmp_path: Path) -> None:
        old = VisitorTokens(RING).sign("acme", VisitorClaims(VISITOR, 1, None, START))
        ring = rotate_ring(RING, START - 401 * 86_400, b"n" * 32)
        async with running(tmp_path, ring=ring) as service, person(service) as visitor:
            await visitor.hand_over(visitor=old)
            assert text_of(await visitor.look(), "sale_share-state") == STOPPED
            assert text_of(await visitor.choose("opt_out"), "receipt")

    @pytest.mark.parametrize("value", ["x", "", "1.x.y", "x" * 5000])
    async def test_in_the_pages_own_cookie_they_say_nothing_of_the_site(
        self, service: Running, visitor: Person, value: str
    ) -> None:
        page = await visitor.look(cookie=f"__Host-pc_own_acme={value}; __Host-pc_visit_acme={value}")
        assert text_of(page, "sale_share-state") == UNKNOWN
        lost = "What you chose on this page earlier" in page.text
        assert lost == bool(value)
        assert "treated as opted out" not in page.text


class TestHandingOver:
    @pytest.mark.parametrize("origin", [EVIL, "null", "", f"{SHOP}.evil.example"])
    async def test_from_anywhere_but_the_site_nothing_is_taken(
        self, service: Running, visitor: Person, origin: str
    ) -> None:
        attackers = (await service.choose(sale_share="opt_out")).json()["visitor"]
        answer = await visitor.hand_over(origin, visitor=attackers, state="s", back=f"{SHOP}/x")
        assert (answer.status_code, answer.headers["location"]) == (303, SERVICE + PAGE)
        assert "set-cookie" not in answer.headers
        assert text_of(await visitor.look(), "sale_share-state") == UNKNOWN

    async def test_puts_the_token_in_no_address_and_in_no_log_line(
        self, service: Running, visitor: Person
    ) -> None:
        token = (await service.choose(sale_share="opt_in")).json()["visitor"]
        answer = await visitor.hand_over(visitor=token, state="made-here", back=f"{SHOP}/?secret")
        assert answer.headers["location"] == SERVICE + PAGE
        await visitor.choose("opt_out")
        result = await visitor.back()
        service.app.parts.lines.flush()
        logged = b"".join(service.log).decode()
        assert '"route":"/s/{site}/privacy-choices/open","status":303' in logged
        for secret in (token, "made-here", "secret", result.partition("privacy-choices=")[2]):
            assert secret
            assert secret not in logged

    @pytest.mark.parametrize(
        "given",
        [
            "javascript:alert(1)",
            "data:text/html,x",
            "//evil.example/",
            EVIL,
            f"{SHOP}.evil.example/",
            f"{SHOP}@evil.example/",
            f"{SHOP}:8443/",
            f"{SHOP}\\@evil.example/",
            f" {SHOP}/",
            f"{SHOP}/\r\nset-cookie: a=b",
            f"{SHOP}/\u00e9",
            "http://shop.example/",
            SHOP.upper(),
            f"{SHOP}/{'x' * 1100}",
            "",
        ],
    )
    async def test_a_return_address_that_is_not_the_sites_leads_to_its_front_page(
        self, service: Running, visitor: Person, given: str
    ) -> None:
        await visitor.hand_over(visitor="", state="s", back=given)
        await visitor.choose("opt_out")
        address = await visitor.back()
        assert address.startswith(f"{SHOP}/#privacy-choices=")

    @pytest.mark.parametrize("given", [SHOP, f"{SHOP}/", f"{SHOP}/lamps?a=b&c=d", f"{SHOP}?x", f"{SHOP}/a|b"])
    async def test_a_return_address_of_the_site_is_kept(
        self, service: Running, visitor: Person, given: str
    ) -> None:
        await visitor.hand_over(visitor="", back=given)
        assert await visitor.back() == given.replace("|", "%7C")

    async def test_other_parts_of_the_fragment_are_kept(self, service: Running, visitor: Person) -> None:
        await visitor.hand_over(visitor="", back=f"{SHOP}/#lamps")
        await visitor.choose("opt_out")
        assert (await visitor.back()).startswith(f"{SHOP}/#lamps&privacy-choices=")

    async def test_a_result_is_made_for_the_pages_own_link_alone(
        self, service: Running, visitor: Person
    ) -> None:
        await visitor.choose("opt_out")
        for place in ("cross-site", "same-site", "none"):
            assert await visitor.back(**{"sec-fetch-site": place}) == f"{SHOP}/"


async def test_limits_hold_for_the_page_as_for_other_writes(tmp_path: Path) -> None:
    async with (
        running(tmp_path, writes_per_minute=60, burst=3) as service,
        person(service) as visitor,
    ):
        answers = [await visitor.press("opt_out") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [303, 303, 303, 429]
        assert int(answers[3].headers["retry-after"]) >= 1
        assert (await visitor.look()).status_code == 200
