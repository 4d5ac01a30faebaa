"""Source: whatever program saved a text, the same lines come of it; what is no text is refused in words."""

from __future__ import annotations

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.errors import ImportRefused
from consent_service.importing.export_text import is_text_encoding, open_export

TEXT = 'id,state\nä1,"out, ""now"""\n'


def text_of(data: bytes, encoding: str | None = None) -> str:
    return open_export(io.BytesIO(data), encoding).lines.read().decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
    ],
    ids=["UTF-8", "its mark", "16", "16 BE", "16 LE, no mark", "16 BE, no mark", "32", "32 BE"],
)
def test_every_encoding_that_a_file_tells_is_read(data: bytes) -> None:
    assert text_of(data) == TEXT


def test_an_encoding_that_a_file_does_not_tell_is_named() -> None:
    assert text_of(TEXT.encode("windows-1252"), "windows-1252") == TEXT
    assert text_of(TEXT.encode("windows-1252")) == TEXT.replace("ä", "\udce4"), "left as it is"
    assert text_of(codecs.BOM_UTF8 + TEXT.encode(), "windows-1252") == TEXT, "the mark knows better"


def test_an_encoding_that_is_named_without_the_order_of_its_bytes_is_read() -> None:
    for order in ("le", "be"):
        assert text_of(TEXT.encode(f"utf-16-{order}"), "utf-16") == TEXT
    assert "id,state" not in text_of(TEXT.encode(), "utf-16"), "it is not what it was said to be"


def test_some_zero_bytes_make_no_text_a_binary_file() -> None:
    assert text_of(b"id,state\na\0,\0\0\n") == "id,state\na\0,\0\0\n"


def test_returns_alone_end_the_lines_of_old_macs_and_stay_what_they_are_elsewhere() -> None:
    assert text_of(b'a,"b\rc"\r1,2\r') == 'a,"b\nc"\n1,2\n'
    for data in (b"a,b\r\n1\r,2\r\n", b"a,b\n1\r,2\n", b'"a\rb",c\n1,2\n'):
        assert text_of(data) == data.decode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04\x14\0", "Excel workbook or another zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "Excel workbook: save it there as CSV"),
        (b"\x1f\x8b\x08\0", "gunzip"),
        (b"%PDF-1.7", "PDF"),
        (b"SQLite format 3\0", "SQLite"),
        (b'[{"id": 1}]', "JSON"),
        (b' {"consents": []}', "JSON"),
        (b"<!DOCTYPE html><html>", "log in"),
        ("<?xml version='1.0'?>".encode("utf-16"), "web page or XML"),
        (b"\0\0\x01\x02\x03" * 99, "--encoding"),
    ],
)
def test_what_is_no_text_is_refused_with_what_to_do(data: bytes, said: str) -> None:
    with pytest.raises(ImportRefused, match=said):
        open_export(io.BytesIO(data))


def test_names_of_encodings_are_those_of_texts() -> None:
    assert is_text_encoding("windows-1252")
    for name in ("", "nonsense", "rot13", "hex", "utf-8\0"):
        assert not is_text_encoding(name)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\ufeff\0<[{"), max_size=300))
def test_a_text_with_a_mark_comes_back_from_every_encoding(text: str) -> None:
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF8, "utf-8")):
        assert text_of(mark + text.encode(name)) == text


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_refusal(data: bytes) -> None:
    try:
        text_of(data)
    except ImportRefused:
        return
