"""Loader: from a document and an environment to one frozen `Config`, or to every fault with its key and line.

Knows nothing of where the text came from.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

import msgspec
import msgspec.inspect

from consent_service.config import validators
from consent_service.config.cross_checks import cross_faults
from consent_service.config.environment import read_secret, variable_value
from consent_service.config.key_lines import dotted_path, lines_of_keys, nearest_line
from consent_service.config.schema import Config, Facts
from consent_service.config.struct_reader import Misread, StructReader
from consent_service.errors import ConfigError, Fault, KeyRingInvalid
from consent_service.identity.key_ring import KeyRing, decode_ring

KEYS: Final = "CONSENT_KEYS"
STORE: Final = "CONSENT_STORE"
STORE_PASSWORD: Final = "CONSENT_STORE_PASSWORD"
SECRETS: Final = (KEYS, STORE, STORE_PASSWORD)
"""Each is read as NAME or as NAME_FILE."""

_T = TypeVar("_T")
_FACTS: Final = msgspec.inspect.type_info(Facts)
_MANY_DIGITS: Final = re.compile(r"(?:[0-9]_?){1000}")
_SYNTAX_ERROR_AT: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def parse_config(text: str, env: Mapping[str, str]) -> Config:
    """Return the configuration of this `consent.toml` and this environment.

    Raises ConfigError with every fault of both. `CONSENT_STORE` outranks `service.store`. Without
    `CONSENT_KEYS` the configuration has no keys, which is for the caller to judge.
    """
    faults: list[Fault] = []
    facts = _collect_faults(faults, lambda: _parse_facts(text))
    keys = _collect_faults(faults, lambda: _read_ring(env))
    store = _collect_faults(faults, lambda: _read_store_url(env))
    if facts is None or faults:
        raise ConfigError(tuple(faults))
    service = msgspec.structs.replace(
        facts.service, store=_with_password(env, STORE_PASSWORD, store or facts.service.store)
    )
    return Config(**msgspec.structs.asdict(facts) | {"service": service, "keys": keys})


def config_digest(config: Config) -> str:
    """Return 12 hex digits that change with any fact. Secrets and the store's URL don't count."""
    facts = {name: getattr(config, name) for name in Facts.__struct_fields__}
    facts["service"] = msgspec.structs.replace(config.service, store="")
    return hashlib.sha256(msgspec.json.encode(facts, order="deterministic")).hexdigest()[:12]


def _parse_facts(text: str) -> Facts:
    document = _parse_toml(text)
    reader = StructReader()
    facts = reader.read_value(_FACTS, document, ())
    sites = document.get("sites")
    misread = [*reader.faults, *cross_faults(reader.parts, sites if isinstance(sites, dict) else ())]
    if misread:
        raise ConfigError(locate_faults(misread, text))
    return facts  # type: ignore[no-any-return]


def _parse_toml(text: str) -> dict[str, object]:
    """Return the values of this TOML. Raises ConfigError, also for documents that no parser of this machine
    can hold.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError((_syntax_fault(str(error), text),)) from None
    except RecursionError:
        raise ConfigError((Fault("", 0, "tables or lists are nested too deeply"),)) from None
    except ValueError:  # Python refuses to read a whole number of very many digits
        line = next(
            (at for at, line_text in enumerate(text.splitlines(), 1) if _MANY_DIGITS.search(line_text)), 0
        )
        raise ConfigError((Fault("", line, "a number has too many digits"),)) from None


def _read_ring(env: Mapping[str, str]) -> KeyRing | None:
    text = read_secret(env, KEYS)
    try:
        return None if text is None else decode_ring(text)
    except KeyRingInvalid as error:
        raise ConfigError((Fault(_variable_in_use(env, KEYS), 0, str(error)),)) from None


def _read_store_url(env: Mapping[str, str]) -> str | None:
    url = read_secret(env, STORE)
    message = "" if url is None else validators.secret_store_fault(url)
    if message:
        raise ConfigError((Fault(_variable_in_use(env, STORE), 0, message),))
    return url


def store_url(env: Mapping[str, str], variable: str, url: str) -> str:
    """Return a public store URL with the password that this variable has for it. Raises ConfigError."""
    if fault := validators.store_fault(url):
        raise ConfigError((Fault("", 0, fault),))
    return _with_password(env, variable, url)


def _with_password(env: Mapping[str, str], variable: str, url: str) -> str:
    """Return the store's URL with the password from the environment."""
    password = read_secret(env, variable)
    try:
        return url if password is None else validators.add_password(url, password)
    except ValueError as error:
        raise ConfigError((Fault(_variable_in_use(env, variable), 0, str(error)),)) from None


def _variable_in_use(env: Mapping[str, str], name: str) -> str:
    return name if variable_value(env, name) else f"{name}_FILE"


def _collect_faults(faults: list[Fault], read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except ConfigError as error:
        faults += error.faults
        return None


def locate_faults(misread: Iterable[Misread], text: str) -> tuple[Fault, ...]:
    """Return the faults with dotted keys and lines, in the order of the lines."""
    lines = lines_of_keys(text)
    faults = [Fault(dotted_path(path), nearest_line(lines, path), message) for path, message in misread]
    return tuple(sorted(faults, key=lambda fault: (fault.line, fault.key)))


def _syntax_fault(message: str, text: str) -> Fault:
    place = _SYNTAX_ERROR_AT.search(message)
    line = int(place[1]) if place and place[1] else text.count("\n") + 1
    return Fault("", line, f"not TOML: {_SYNTAX_ERROR_AT.sub('', message)}")
