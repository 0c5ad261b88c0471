"""Our packages import each other only as the table of docs/ARCHITECTURE.md allows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("kernels", "clinical", "storage", "renderd", "api", "farview")


def table() -> dict[str, tuple[set[str], set[str]]]:
    """package → (modules of ours it may import, words it must never import), read from the document."""
    rows: dict[str, tuple[set[str], set[str]]] = {}
    chapter = (ROOT / "docs/ARCHITECTURE.md").read_text("utf-8").split("## Who may import whom")[1].split("\n## ")[0]
    for line in chapter.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 3 and cells[0].strip("`") in PACKAGES:
            names = [set(re.findall(r"`([\w.]+)`", cell)) for cell in cells[1:]]
            rows[cells[0].strip("`")] = (names[0], names[1])
    return rows


def imported(path: Path) -> set[str]:
    """Every module a file imports, `from a import b` counted as a.b."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def within(name: str, module: str) -> bool:
    return name == module or name.startswith(module + ".")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_the_table_allows(package: str) -> None:
    allowed, never = table()[package]
    wrong = []
    for path in (ROOT / package).rglob("*.py"):
        for name in imported(path):
            ours = name.split(".")[0] in PACKAGES and not within(name, package)
            if ours and not any(within(name, module) for module in allowed):
                wrong.append(f"{path.relative_to(ROOT)}: {name}")
            if any(within(name, module) for module in never):
                wrong.append(f"{path.relative_to(ROOT)}: {name} (never)")
    assert not wrong


def test_the_table_has_a_row_for_every_package() -> None:
    assert set(table()) == set(PACKAGES)


def test_the_stream_messages_bring_no_kernels_along() -> None:
    for module in ("protocol", "pool"):
        for name in imported(ROOT / f"renderd/{module}.py"):
            assert not any(within(name, p) for p in ("kernels", "clinical", "numba", "storage")), name


def test_packages_have_no_front_door() -> None:
    for package in PACKAGES:
        assert (ROOT / package / "__init__.py").read_text() == ""
