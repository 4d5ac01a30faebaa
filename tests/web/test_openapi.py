"""The description keeps its shape: paths, members, statuses and types change only on purpose."""

from __future__ import annotations

import json

from tests.web.openapi_shape import GOLDEN, shape, without_words


def test_the_description_differs_from_the_golden_file_in_words_alone() -> None:
    assert shape() == json.loads(GOLDEN.read_text()), (
        "the public contract changed; if it is meant: "
        "python -m tests.web.openapi_shape > tests/web/openapi_shape.json"
    )


def test_a_property_that_is_called_title_belongs_to_the_shape() -> None:
    problem = {"description": "A fault.", "properties": {"title": {"type": "string", "title": "Title"}}}
    assert without_words(problem) == {"properties": {"title": {"type": "string"}}}
