"""Redis URLs: what they name, and what is said of those that name nothing."""

from __future__ import annotations

import pytest

from consent_service.errors import StoreUnavailable
from consent_service.store.redis.address import Address, ServerKind, parse_url


@pytest.mark.parametrize(
    ("url", "kind", "seeds", "name"),
    [
        ("redis://db", ServerKind.SINGLE, [("db", 6379)], "redis://db:6379"),
        ("redis://db:7/3", ServerKind.SINGLE, [("db", 7)], "redis://db:7/3"),
        ("rediss://[::1]:7", ServerKind.SINGLE, [("::1", 7)], "rediss://[::1]:7"),
        ("redis+cluster://a:1,b:2,c", ServerKind.CLUSTER, [("a", 1), ("b", 2), ("c", 6379)], None),
        ("rediss+cluster://a:1?ca_file=/ca.pem", ServerKind.CLUSTER, [("a", 1)], "rediss+cluster://a:1"),
        ("redis+sentinel://a,b:2/main/1", ServerKind.SENTINEL, [("a", 26379), ("b", 2)], None),
    ],
)
def test_a_url_of_each_form_names_its_servers(
    url: str, kind: ServerKind, seeds: list[tuple[str, int]], name: str | None
) -> None:
    target = parse_url(url)
    assert (target.kind, list(target.seeds)) == (kind, [Address(*seed) for seed in seeds])
    assert name is None or target.name == name


def test_user_and_password_are_read_from_the_url_and_never_shown() -> None:
    target = parse_url("redis+sentinel://us%40er:s%3Acret%2F@a:1/main")
    assert (target.user, target.password, target.master) == ("us@er", "s:cret/", "main")
    assert "cret" not in f"{target!r} {target.name} {target}"
    assert parse_url("redis://:secret@a").password == "secret"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://", "redis://host:6379/0"),
        ("redis+other://a", "redis\\+cluster://"),
        ("redis://a:0", "hosts with ports"),
        ("redis://a:66000", "hosts with ports"),
        ("redis://a,,b", "hosts with ports"),
        ("redis+cluster://a/1", "one database"),
        ("redis://a/x", "a database is a number"),
        ("redis+sentinel://a", "name that the Sentinels give"),
        ("redis://a?ca_file=x", "rediss://"),
        ("rediss://a?cafile=x", "knows no 'cafile'"),
    ],
)
def test_any_other_url_is_refused_with_what_to_write(url: str, said: str) -> None:
    with pytest.raises(StoreUnavailable, match=said):
        parse_url(url)


def test_a_refusal_quotes_no_password() -> None:
    with pytest.raises(StoreUnavailable) as refused:
        parse_url("redis://:hunter2@a:0")
    assert "hunter2" not in str(refused.value)


def test_a_certificate_that_is_not_there_is_named() -> None:
    with pytest.raises(StoreUnavailable, match=r"ca_file /nowhere\.pem"):
        parse_url("rediss://a?ca_file=/nowhere.pem").tls_context()
