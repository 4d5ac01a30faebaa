"""Plain words: counts how the code, the tests, the README and docs/ read, and fails where a bound is passed.

Run by `make check`. Reads source only, imports nothing of the package. With `--places` it also prints each docstring
that opens with a question word, and each page whose median paragraph is too long.
"""

from __future__ import annotations

import ast
import itertools
import re
import statistics
import sys
from collections.abc import Iterator, Sized
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
QUESTION_WORDS: Final = frozenset({"What", "Whether", "Who", "Whose", "Whom", "How", "Where", "Which"})
"""A docstring says what a thing is or does; one that opens with these makes the reader work it out."""
PARTICIPLES: Final = frozenset({"found", "said", "known", "kept", "asked", "told"})
"""Names that tell what happened to a value, not what it is."""
MEDIAN_WORDS: Final = 40
"""Words in the median paragraph of a page of docs/, at most."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Docstring(NamedTuple):
    """A docstring, with the place to look for it."""

    place: str
    text: str


class Count(NamedTuple):
    """One row of the report. `held` is False where `value` passes its bound."""

    name: str
    value: float
    bound: str
    held: bool


def modules(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    """Yield every Python file under a folder with its syntax tree."""
    for path in sorted(folder.rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def docstrings(path: Path, tree: ast.Module) -> Iterator[Docstring]:
    """Yield the docstrings of a module, its classes and functions, and of its constants and fields."""
    where = path.relative_to(ROOT)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | Function) and (text := ast.get_docstring(node)):
            yield Docstring(f"{where}:{getattr(node, 'lineno', 1)}", text)
        if isinstance(node, ast.Module | ast.ClassDef):
            yield from _of_assignments(str(where), node.body)


def docstrings_under(folder: str) -> Iterator[Docstring]:
    """Yield every docstring under a folder of the tree."""
    for path, tree in modules(ROOT / folder):
        yield from docstrings(path, tree)


def _of_assignments(where: str, body: list[ast.stmt]) -> Iterator[Docstring]:
    for before, after in itertools.pairwise(body):
        match before, after:
            case (ast.Assign() | ast.AnnAssign(), ast.Expr(value=ast.Constant(value=str(text)))):
                yield Docstring(f"{where}:{after.lineno}", text)


def opens_with_a_question(docstring: Docstring) -> bool:
    """Return True if the first word is one of QUESTION_WORDS."""
    first = re.match(r"\w+", docstring.text)
    return first is not None and first.group() in QUESTION_WORDS


def functions(tree: ast.Module) -> Iterator[Function]:
    """Yield every function and method of a module, nested ones too, except dunder methods."""
    for node in ast.walk(tree):
        if isinstance(node, Function) and not node.name.startswith("__"):
            yield node


def returns_something(function: Function) -> bool:
    """Return True if the annotation says that the caller gets a value."""
    return function.returns is not None and ast.unparse(function.returns) not in {"None", "NoReturn", "Never"}


def is_public(function: Function) -> bool:
    """Return True if another file may call the function."""
    return not function.name.startswith("_")


def participles(tree: ast.Module) -> int:
    """Count the bindings of variables and parameters whose name is one of PARTICIPLES."""
    bound = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            bound += node.arg in PARTICIPLES
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound += node.id in PARTICIPLES
    return bound


def paragraph_lengths(text: str) -> list[int]:
    """Return the words of each paragraph and list item of a Markdown text.

    Code, tables, headings, pictures and the targets of links are left out.
    """
    prose = re.sub(r"```.*?```|^#+ .*?$", "", text, flags=re.DOTALL | re.MULTILINE)
    paragraphs = [block.strip() for block in re.split(r"\n(?=\s*\n|\s*(?:-|\d+\.) |\|)", prose)]
    return [
        len(re.sub(r"\]\([^)]*\)", "]", block).split())
        for block in paragraphs
        if block and block[0] not in "|<!["
    ]


def long_winded_pages(folder: Path) -> list[Path]:
    """Return the pages below a folder whose median paragraph has more than MEDIAN_WORDS words."""
    lengths = ((path, paragraph_lengths(path.read_text("utf-8"))) for path in sorted(folder.rglob("*.md")))
    return [path for path, words in lengths if words and statistics.median(words) > MEDIAN_WORDS]


def counts() -> Iterator[Count]:
    """Yield every count with its bound. A bound may only be tightened."""
    trees = list(modules(ROOT / "consent_service"))
    texts = [text for path, tree in trees for text in docstrings(path, tree)]
    every = [function for _, tree in trees for function in functions(tree)]
    giving = [
        text for function in every if returns_something(function) if (text := ast.get_docstring(function))
    ]
    bare = [function for function in every if is_public(function) and not ast.get_docstring(function)]
    says_return = [text for text in giving if re.search(r"\breturns?\b", text, re.IGNORECASE)]
    one_word = [function for function in every if "_" not in function.name.strip("_")]
    readme = paragraph_lengths((ROOT / "README.md").read_text("utf-8"))
    yield at_most("docstrings that open with a question word", sum(map(opens_with_a_question, texts)), 0)
    for folder in ("tests", "scripts"):
        opening = sum(map(opens_with_a_question, docstrings_under(folder)))
        yield at_most(f"docstrings of {folder}/ that open with a question word", opening, 0)
    yield at_least(
        "% of docstrings of functions with a result that say return",
        share(says_return, giving),
        65,
    )
    yield at_most("% of functions named by one word", share(one_word, every), 30)
    yield at_most("names that tell what happened to a value", sum(participles(tree) for _, tree in trees), 15)
    yield at_most("public functions without a docstring", len(bare), 18)
    yield at_most("words in the README's median paragraph", statistics.median(readme), 30)
    long_winded = long_winded_pages(ROOT / "docs")
    yield at_most(
        f"pages of docs/ with more than {MEDIAN_WORDS} words in the median paragraph", len(long_winded), 0
    )


def share(part: Sized, whole: Sized) -> float:
    """Return how much of the whole the part is, in percent."""
    return 100 * len(part) / len(whole)


def at_most(name: str, value: float, bound: float) -> Count:
    """Return a count that holds up to its bound."""
    return Count(name, value, f"at most {bound}", value <= bound)


def at_least(name: str, value: float, bound: float) -> Count:
    """Return a count that holds from its bound on."""
    return Count(name, value, f"at least {bound}", value >= bound)


def main(arguments: list[str]) -> int:
    """Print the report; return 1 if a bound is passed."""
    if "--places" in arguments:
        for folder in ("consent_service", "tests", "scripts"):
            for place, text in filter(opens_with_a_question, docstrings_under(folder)):
                print(f"{place}: {text.splitlines()[0]}")
        for page in long_winded_pages(ROOT / "docs"):
            print(f"{page.relative_to(ROOT)}: paragraphs too long")
    report = list(counts())
    for count in report:
        print(f"{count.value:6.0f}  {count.name} ({count.bound}){'' if count.held else '  <- passed'}")
    return 0 if all(count.held for count in report) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
