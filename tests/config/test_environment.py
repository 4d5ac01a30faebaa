"""Secrets: from a variable or a file, never both, never quoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_service.config import secret
from consent_service.errors import ConfigError


def refused(env: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        secret(env, "PASSWORD")
    return str(caught.value)


def test_a_secret_comes_from_the_variable_or_from_the_file_without_its_line_break(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    assert secret({"PASSWORD": "hunter2"}, "PASSWORD") == "hunter2"
    assert secret({"PASSWORD_FILE": str(tmp_path / "secret")}, "PASSWORD") == "hunter2"


def test_a_secret_that_is_not_given_is_none() -> None:
    assert secret({"OTHER": "x"}, "PASSWORD") is None


def test_both_variables_are_a_fault_that_names_both(tmp_path: Path) -> None:
    said = refused({"PASSWORD": "hunter2", "PASSWORD_FILE": str(tmp_path)})
    assert said == "PASSWORD: PASSWORD and PASSWORD_FILE are both set; set one"


@pytest.mark.parametrize("content", ["", " \n"])
def test_an_empty_secret_is_a_fault_that_names_the_variable(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret").write_text(content)
    assert refused({"PASSWORD": content}) == "PASSWORD: is set, but empty"
    assert refused({"PASSWORD_FILE": str(tmp_path / "secret")}) == "PASSWORD_FILE: is set, but empty"


def test_a_file_that_cannot_be_read_is_a_fault_that_names_the_variable(tmp_path: Path) -> None:
    assert refused({"PASSWORD_FILE": str(tmp_path / "none")}).startswith("PASSWORD_FILE: can't read ")
    assert refused({"PASSWORD_FILE": str(tmp_path)}).startswith("PASSWORD_FILE: can't read ")
    assert refused({"PASSWORD_FILE": "a\x00b"}).startswith("PASSWORD_FILE: ")


def test_a_file_that_is_not_text_is_a_fault_that_does_not_quote_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"hunter2\xff\xfe")
    assert "hunter2" not in refused({"PASSWORD_FILE": str(tmp_path / "secret")})
