"""Named queries: one .sql file per noun, each query under a line `-- name: what_it_does`."""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def load(module_file: str) -> dict[str, str]:
    """The queries of the .sql file beside a module, by name. Call it as `SQL = load(__file__)`."""
    text = Path(module_file).with_suffix(".sql").read_text("utf-8")
    # re.split with one group gives: what stands before, then name, query, name, query …
    parts = _NAME.split(text)[1:]
    names, queries = parts[0::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{Path(module_file).stem}.sql has two queries of one name")
    return {name: query.strip().removesuffix(";") for name, query in zip(names, queries, strict=True)}
