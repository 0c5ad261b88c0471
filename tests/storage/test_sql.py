from __future__ import annotations

from pathlib import Path

import pytest

from storage.sql import load


def test_a_query_is_what_stands_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "noun.sql").write_text("-- About nouns.\n\n-- name: one\n-- why\nSELECT 1;\n\n-- name: two\nSELECT 2\n")
    assert load(str(tmp_path / "noun.py")) == {"one": "-- why\nSELECT 1", "two": "SELECT 2"}


def test_two_queries_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "noun.sql").write_text("-- name: one\nSELECT 1;\n-- name: one\nSELECT 2;\n")
    with pytest.raises(ValueError, match="one name"):
        load(str(tmp_path / "noun.py"))


def test_every_query_is_used_and_every_use_has_a_query() -> None:
    folder = Path(__file__).parents[2] / "storage"
    for path in folder.glob("*.sql"):
        code = path.with_suffix(".py").read_text()
        used = {part.split('"')[0] for part in code.split('SQL["')[1:]}
        assert used == set(load(str(path))), path.name
