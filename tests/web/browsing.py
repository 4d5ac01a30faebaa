"""A person with a browser that runs no script, on the service's own pages: cookies, forms and redirects."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from tests.support.application import PRESSED, READING, SERVICE, SHOP, Running
from tests.support.clock import Clock

PAGE = "/s/acme/privacy-choices"
SAME = PRESSED


@dataclass
class Person:
    """One browser. `cookies` False: it keeps none."""

    client: httpx2.AsyncClient
    clock: Clock
    cookies: bool = True

    async def look(self, path: str = PAGE, **headers: str) -> httpx2.Response:
        """GET a page."""
        return self._kept(await self.client.get(path, headers=headers))

    async def press(
        self, do: str, on: httpx2.Response | None = None, path: str = PAGE, **headers: str
    ) -> httpx2.Response:
        """Press one of the page's buttons; the bare answer to the form."""
        page = on or await self.look(path, **headers)
        data = {"form_token": form_token(page), "do": do}
        return self._kept(await self.client.post(path, data=data, headers={**SAME, **headers}))

    async def choose(self, do: str, path: str = PAGE, **headers: str) -> httpx2.Response:
        """Press a button and go where that leads."""
        answer = await self.press(do, None, path, **headers)
        assert answer.status_code == 303, answer.text
        return await self.look(answer.headers["location"], **headers)

    async def confirm(self, page: httpx2.Response, **headers: str) -> httpx2.Response:
        """Answer yes on this page of the second step, and press the button of the page that asks again."""
        asks_again = await self.answer(page, "yes", **headers)
        if asks_again.status_code != 200:
            return asks_again
        return await self.answer(asks_again, **headers)

    async def answer(self, page: httpx2.Response, answer: str = "", **headers: str) -> httpx2.Response:
        """Read this page of the second step and send its form."""
        self.clock.now += READING
        data = {"form_token": form_token(page)} | ({"answer": answer} if answer else {})
        sent = {**PRESSED, **headers}
        return self._kept(await self.client.post(page.url.path, data=data, headers=sent))

    async def hand_over(self, origin: str = SHOP, path: str = PAGE, **fields: str) -> httpx2.Response:
        """Come from a page of the site, as its script sends its visitors."""
        headers = {"origin": origin, "sec-fetch-site": "cross-site"}
        return self._kept(await self.client.post(f"{path}/open", data=fields, headers=headers))

    async def back(self, path: str = PAGE, **headers: str) -> str:
        """The address that the link back to the site leads to."""
        answer = await self.client.get(f"{path}/back", headers={"sec-fetch-site": "same-origin", **headers})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def _kept(self, answer: httpx2.Response) -> httpx2.Response:
        if not self.cookies:
            self.client.cookies.clear()
        return answer


@asynccontextmanager
async def person(service: Running, *, cookies: bool = True) -> AsyncIterator[Person]:
    """Somebody who was never here."""
    transport = httpx2.ASGITransport(app=service.app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=SERVICE) as client:
        yield Person(client, service.clock, cookies)


def form_token(page: httpx2.Response) -> str:
    """Return the token that the page's forms send back."""
    found = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


def text_of(page: httpx2.Response, name: str) -> str:
    """The words in the element `privacy-choices-<name>`; "" when there is none."""
    found = re.search(rf'id="privacy-choices-{name}"[^>]*>(.*?)</(?:p|div|span)>', page.text, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split()) if found else ""


def result_in(address: str) -> str:
    """The result in the fragment of a site's address; "" when there is none."""
    for part in urlsplit(address).fragment.split("&"):
        name, _, value = part.partition("=")
        if name == "privacy-choices":
            return value
    return ""
