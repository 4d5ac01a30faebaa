"""Secrets: from a variable or a file, never both, never quoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_service.config import parse_config, read_secret
from consent_service.errors import ConfigError
from tests.support.configuration import consent_toml


def refused(env: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        read_secret(env, "PASSWORD")
    return str(caught.value)


def test_a_secret_comes_from_the_variable_or_from_the_file_without_its_line_break(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    assert read_secret({"PASSWORD": "hunter2"}, "PASSWORD") == "hunter2"
    assert read_secret({"PASSWORD_FILE": str(tmp_path / "secret")}, "PASSWORD") == "hunter2"


def test_a_secret_that_is_not_given_is_none() -> None:
    assert read_secret({"OTHER": "x"}, "PASSWORD") is None


def test_both_variables_are_a_fault_that_names_both(tmp_path: Path) -> None:
    said = refused({"PASSWORD": "hunter2", "PASSWORD_FILE": str(tmp_path)})
    assert said == "PASSWORD: PASSWORD and PASSWORD_FILE are both set; set one"


@pytest.mark.parametrize("content", ["", " \n"])
def test_an_empty_variable_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret").write_text("hunter2")
    assert read_secret({"PASSWORD": content}, "PASSWORD") is None
    assert read_secret({"PASSWORD": content, "PASSWORD_FILE": content}, "PASSWORD") is None
    assert (
        read_secret({"PASSWORD": content, "PASSWORD_FILE": str(tmp_path / "secret")}, "PASSWORD") == "hunter2"
    )
    assert read_secret({"PASSWORD": "hunter2", "PASSWORD_FILE": content}, "PASSWORD") == "hunter2"


@pytest.mark.parametrize("content", ["", " \n"])
def test_an_empty_file_is_a_fault_that_says_what_to_do(tmp_path: Path, content: str) -> None:
    file = tmp_path / "secret"
    file.write_text(content)
    said = f"PASSWORD_FILE: {str(file)!r} is empty; write the secret into it, or unset PASSWORD_FILE"
    assert refused({"PASSWORD_FILE": str(file)}) == said


@pytest.mark.parametrize("name", ["CONSENT_KEYS", "CONSENT_STORE", "CONSENT_STORE_PASSWORD"])
@pytest.mark.parametrize("suffix", ["", "_FILE"])
def test_a_configuration_is_the_same_with_an_empty_variable_and_without(name: str, suffix: str) -> None:
    text = consent_toml(Path("/srv"))
    assert parse_config(text, {name + suffix: ""}) == parse_config(text, {})


def test_a_file_that_cannot_be_read_is_a_fault_that_names_the_variable(tmp_path: Path) -> None:
    assert refused({"PASSWORD_FILE": str(tmp_path / "none")}).startswith("PASSWORD_FILE: can't read ")
    assert refused({"PASSWORD_FILE": str(tmp_path)}).startswith("PASSWORD_FILE: can't read ")
    assert refused({"PASSWORD_FILE": "a\x00b"}).startswith("PASSWORD_FILE: ")


def test_a_file_that_is_not_text_is_a_fault_that_does_not_quote_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"hunter2\xff\xfe")
    assert "hunter2" not in refused({"PASSWORD_FILE": str(tmp_path / "secret")})
