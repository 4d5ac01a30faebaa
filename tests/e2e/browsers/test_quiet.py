"""In Firefox and WebKit, too, a blocked partner hears nothing of what scripts add or call, until it is allowed."""

from __future__ import annotations

import pytest

from tests.e2e.browsers.browsing import Browsing
from tests.e2e.browsers.test_core_walk import opt_out
from tests.support.demo import Demo
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

TRY = """(async () => {
  const said = [];
  const to = %r;
  const script = document.createElement('script');
  script.src = to + '/tag.js';
  document.head.append(script);
  document.body.insertAdjacentHTML('beforeend', `<iframe src="${to}/pixel"></iframe><img src="${to}/hit">`);
  new Image().src = to + '/hit';
  said.push(navigator.sendBeacon(to + '/hit', 'x'));
  await fetch(to + '/hit').catch((error) => said.push(error.name));
  const request = new XMLHttpRequest();
  request.open('GET', to + '/hit');
  await new Promise((done) => {
    request.onerror = () => said.push(`${request.readyState} ${request.status}`);
    request.onloadend = done;
    request.send();
  });
  return said;
})()"""


def test_nothing_that_a_script_adds_or_calls_reaches_the_partner(browsing: Browsing, demo: Demo) -> None:
    browsing.visit()
    opt_out(browsing)
    browsing.reload()
    before = demo.partner_log()
    assert browsing.run(TRY % demo.addresses.adnet) == [False, "TypeError", "4 0"]
    assert demo.partner_log() == before


def test_requests_to_a_partner_that_is_allowed_pass(browsing: Browsing, demo: Demo) -> None:
    browsing.visit()
    before = len(demo.partner_log())
    assert browsing.run(TRY % demo.addresses.adnet)[0] is True
    asked = {"/tag.js", "/pixel", "/hit"}
    eventually(lambda: asked <= {entry["asked"] for entry in demo.partner_log()[before:]})
