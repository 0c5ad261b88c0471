"""Every sentence exists in both languages, with the same blanks."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from farview.words import WORDS, language, say

PACKAGE = Path(__file__).resolve().parents[2] / "farview"


def blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_blanks() -> None:
    assert [key for key, (zh, en) in WORDS.items() if blanks(zh) != blanks(en)] == []
    assert all(zh and en for zh, en in WORDS.values())


def test_every_key_that_the_code_says_exists() -> None:
    said: set[str] = set()
    for path in PACKAGE.glob("*.py"):
        text = path.read_text("utf-8")
        said |= set(re.findall(r'say\(\s*"(\w+)"', text))
        said |= set(re.findall(r'(?:Refused|InUse|Missing|Running|Ready)\(\s*"(\w+)"', text))
    assert said - WORDS.keys() == set()
    assert len(said) > 40


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LC_ALL": "en_GB.UTF-8", "FARVIEW_LANGUAGE": "zh"}, "zh"),
    ],
)
def test_the_environment_chooses_the_language(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    for name in ("FARVIEW_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language() == expected
    assert say("stopped") == WORDS["stopped"][expected == "en"]
