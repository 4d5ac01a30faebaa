"""Causes: the words of drivers and of the system, without what must not be shown."""

from __future__ import annotations

import errno
import ssl

import pytest

from consent_service.store.causes import cause_of, without_secrets


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "file"), "No space left on device"),
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('10.0.0.1', 1)"),
            "Connection refused",
        ),
        (OSError("Multiple exceptions: one, two"), "Multiple exceptions: one, two"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "wrong version number"),
        (RuntimeError(), "RuntimeError"),
        (RuntimeError("first.\n\nDebug source: secret"), "first"),
        (
            RuntimeError("ERR unknown command 'AUTH', with args beginning with: 'me' 'secret'"),
            "command 'AUTH'",
        ),
        (
            RuntimeError("PUT https://me:secret@host:1/path?token=secret failed"),
            "PUT https://host:1/path failed",
        ),
        (RuntimeError("a\x1b[2J\nb"), "a?[2J b"),
        (
            UnicodeEncodeError("utf-8", "secret\ud800", 6, 7, "surrogates not allowed"),
            "surrogates not allowed",
        ),
    ],
)
def test_an_errors_cause_keeps_the_reason_and_no_secret(error: Exception, said: str) -> None:
    assert said in cause_of(error)
    assert "secret" not in cause_of(error)
    assert cause_of(error).isprintable()


def test_a_place_is_shown_without_who_may_use_it() -> None:
    assert without_secrets("s3://key:secret@bucket/path?token=secret") == "s3://bucket/path"
    assert without_secrets("/srv/archive@home?") == "/srv/archive@home?"


def test_a_cause_of_any_length_is_cut() -> None:
    assert len(cause_of(RuntimeError("x" * 10_000))) < 400
