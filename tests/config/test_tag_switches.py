"""The table of tag switches is all of an adapter's server side: schema, reference and page follow from its rows."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from consent_service.config import TagFacts
from consent_service.config.key_meanings import TABLES
from consent_service.config.schema import PartnerFacts
from consent_service.config.tag_switches import TAG_SWITCHES, VENDORS, TagSwitch, switch_keys
from consent_service.embed.tag_facts import tags_of

PAGE_TAGS = Path(__file__).resolve().parents[2] / "widget/src/tags"


@pytest.mark.parametrize("switch", TAG_SWITCHES, ids=[switch.key for switch in TAG_SWITCHES])
def test_a_row_makes_a_key_its_meaning_and_a_fact_of_the_page(switch: TagSwitch) -> None:
    assert getattr(TagFacts(), switch.key) is False
    assert list(tags_of(msgspec.convert({switch.key: True}, TagFacts))) == [switch.name]
    (meanings,) = [keys for kind, _, keys in TABLES if kind is TagFacts]
    assert meanings[switch.key].text == switch.meaning


def test_a_partner_may_name_the_vendors_of_the_rows_and_no_other() -> None:
    adapter = {kind["type"] if "type" in kind else tuple(kind["enum"]) for kind in _adapter_kinds()}
    assert adapter == {"null", VENDORS}
    assert switch_keys("google") == ("google_consent_mode", "google_restricted_data_processing")


def test_the_page_s_part_asks_for_each_row_by_its_name_and_for_nothing_else() -> None:
    sources = [path.read_text(encoding="utf-8") for path in PAGE_TAGS.glob("*.ts")]
    names = {name for source in sources for name in re.findall(r"\bwanted\.(\w+)", source)}
    assert names == {switch.name for switch in TAG_SWITCHES}


def _adapter_kinds() -> list[dict[str, str]]:
    schema = msgspec.json.schema(PartnerFacts)
    return list(schema["$defs"]["PartnerFacts"]["properties"]["adapter"]["anyOf"])
