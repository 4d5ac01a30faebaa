"""The text of an export: its bytes as lines of UTF-8, whatever program saved it. Files that are not text are
refused.

The encoding follows from a byte order mark, or from the many zero bytes of UTF-16; else it is UTF-8. Bytes
that are not UTF-8 are left as they are, and the reader of a line judges them. Nothing is guessed that could
turn one name into another. Memory is bounded.
"""

from __future__ import annotations

import codecs
import io
import re
from typing import Final, NamedTuple

from consent_service.errors import ImportRefused

_HEAD: Final = 64 * 1024
"""Bytes that are looked at before anything is read: enough for any header."""
_CHUNK: Final = 64 * 1024

_AS_CSV: Final = "save it there as CSV (UTF-8)"
_FOREIGN: Final = (
    (b"PK\x03\x04", f"is an Excel workbook or another zip archive: {_AS_CSV}, or unpack the archive"),
    (b"\xd0\xcf\x11\xe0", f"is an Excel workbook: {_AS_CSV}"),
    (b"\x1f\x8b", "is compressed: unpack it first, with gunzip"),
    (b"BZh91AY&SY", "is compressed: unpack it first, with bunzip2"),
    (b"\xfd7zXZ\0", "is compressed: unpack it first, with unxz"),
    (b"\x28\xb5\x2f\xfd", "is compressed: unpack it first, with unzstd"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive: unpack it first"),
    (b"%PDF-", "is a PDF: export a CSV file"),
    (b"PAR1", "is a Parquet file: export a CSV file"),
    (b"SQLite format 3\0", "is a SQLite database: export a CSV file"),
)
"""First bytes of files that are no CSV -> the words to say of each."""
_MARKUP: Final = re.compile(r"\s*(?:<[!?a-z]|(?P<json>\{|\[\s*[\[{\"]))", re.IGNORECASE)
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16's, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MANY, _FEW, _STRANGE = 0.4, 0.05, 0.5
"""Shares of zero bytes: one of the two bytes of nearly each character of UTF-16 is one, the other hardly ever."""
_ORDERED: Final = frozenset({"utf-16", "utf-32"})
"""Encodings that a byte order mark belongs to."""
_LINE_END: Final = re.compile(r'"(?:[^"]|"")*"|(\r\n|\n|\r)')


class ExportText(NamedTuple):
    """The export as UTF-8, and how it begins."""

    lines: io.BufferedReader
    head: str


def open_export(file: io.BufferedIOBase, encoding: str | None = None) -> ExportText:
    """Return the file's text. `encoding`: what the caller knows of it. Raises ImportRefused for what is no text."""
    start = _read_head(file)
    for magic, reason in _FOREIGN:
        if start.startswith(magic):
            raise ImportRefused(f"the file {reason}")
    mark, marked_encoding = next(
        ((mark, name) for mark, name in _MARKS if start.startswith(mark)), (b"", None)
    )
    name = marked_encoding or _without_mark(start, encoding)
    start = start.removeprefix(mark)
    head = start.decode(name, "replace")
    if markup := _MARKUP.match(head):
        kind = "JSON" if markup["json"] else "a web page or XML, perhaps a page that asks to log in"
        raise ImportRefused(f"the file is not CSV but {kind}: export it as CSV")
    ends = next((match[1] for match in _LINE_END.finditer(head) if match[1]), "")
    decoder = None if name == "utf-8" else codecs.getincrementaldecoder(name)("replace")
    return ExportText(io.BufferedReader(_Utf8(file, start, decoder, returns=ends == "\r"), _CHUNK), head)


def is_text_encoding(name: str) -> bool:
    """Return True for the name of an encoding of text."""
    try:
        return "a".encode(name).decode(name) == "a"
    except (LookupError, UnicodeError, ValueError):
        return False


class _Utf8(io.RawIOBase):
    """The text as UTF-8. `returns`: a lone carriage return ends its lines, as on old Macs."""

    def __init__(
        self,
        file: io.BufferedIOBase,
        start: bytes,
        decoder: codecs.IncrementalDecoder | None,
        *,
        returns: bool,
    ) -> None:
        self._file = file
        self._read = start
        self._decoder = decoder
        self._returns = returns
        self._text = b""
        self._ended = False

    def readable(self) -> bool:
        """Return True, as io.RawIOBase asks."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # its stub is wider than any caller
        """Fill the buffer with the next bytes of the text in UTF-8. Return their number; 0 at the end."""
        while not self._text and not self._ended:
            data, self._read = self._read or self._file.read1(_CHUNK), b""
            self._ended = not data
            self._text = self._translate(data)
        size = min(len(buffer), len(self._text))
        buffer[:size], self._text = self._text[:size], self._text[size:]
        return size

    def _translate(self, data: bytes) -> bytes:
        if self._decoder is not None:
            try:
                data = self._decoder.decode(data, final=self._ended).encode("utf-8", "replace")
            except UnicodeError:
                raise ImportRefused("the file is not text in this --encoding: name another one") from None
        return data.replace(b"\r", b"\n") if self._returns else data


def _read_head(file: io.BufferedIOBase) -> bytes:
    """Return the file's first bytes up to the bound, or all of it. A pipe gives them piece by piece."""
    head = b""
    while len(head) < _HEAD and (more := file.read1(_HEAD - len(head))):
        head += more
    return head


def _without_mark(head: bytes, caller_encoding: str | None) -> str:
    """Return the encoding of a text without a byte order mark.

    It is the one that the caller named, with the order of its bytes. Raises ImportRefused if only the caller
    can know it.
    """
    codec = caller_encoding and codecs.lookup(caller_encoding).name
    if codec and codec not in _ORDERED:
        return codec
    pairs = max(len(head) // 2, 1)
    even, odd = head[::2].count(0) / pairs, head[1::2].count(0) / pairs
    if odd > _MANY and even < _FEW:
        return "utf-16-le"
    if even > _MANY and odd < _FEW:
        return "utf-16-be"
    if codec:
        return f"{codec}-le"
    if even + odd > _STRANGE:
        raise ImportRefused(
            "the file is not text in UTF-8 or UTF-16: save it as CSV in UTF-8, or name its --encoding"
        )
    return "utf-8"
