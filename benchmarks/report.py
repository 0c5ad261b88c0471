"""One way to print what a benchmark found: a table for people, one JSON object for programs.

Every benchmark is `python -m benchmarks.NAME [--small] [--json]`. It checks correctness first and stops when a check
fails. With --json the last line is one object:

    {"name", "commit", "machine", "checked": true, "inputs": {…}, "figures": {…}}
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def arguments(name: str, about: str) -> argparse.Namespace:
    """The options that every benchmark has, parsed."""
    return parser_of(name, about).parse_args()


def parser_of(name: str, about: str) -> argparse.ArgumentParser:
    """The options that every benchmark has, for one that has more."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=about, formatter_class=layout)
    parser.add_argument("--small", action="store_true", help="the smallest size that exercises everything, for tests")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    return parser


class CheckFailed(Exception):
    """A figure would be meaningless: what was to be timed is not right."""


def check(holds: bool, sentence: str) -> None:
    """Stop the benchmark unless `holds`.

    Raises:
        CheckFailed: it does not hold; the sentence says what was expected and what was seen.
    """
    if not holds:
        raise CheckFailed(sentence)


def commit() -> str:
    """The commit that is measured, with + when the tree differs from it."""
    git = ["git", "-C", str(ROOT)]
    try:
        name = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True)
        dirty = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name.stdout.strip() + ("+" if dirty.stdout.strip() else "")


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    flags = next((line.split() for line in info.splitlines() if line.startswith("flags")), [])
    model = next((line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")), "")
    return {
        "cpu": model or platform.processor(),
        "cores": os.cpu_count(),
        "simd": next((name for name in ("avx512f", "avx2", "sse2", "asimd") if name in flags), "unknown"),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Median and 95th percentile (nearest rank)."""
    ordered = sorted(values)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


@dataclass
class Report:
    """What was measured, filled line by line and printed once."""

    name: str
    inputs: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    lines: list[tuple[str, ...]] = field(default_factory=list)

    def line(self, *cells: object) -> None:
        self.lines.append(tuple(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in cells))

    def print(self, as_json: bool, headings: Sequence[str]) -> None:
        """Print the table and, when asked, the JSON object as the last line. Call it only after every check held."""
        rows = [tuple(headings), *self.lines]
        widths = [max(len(row[i]) if i < len(row) else 0 for row in rows) for i in range(max(map(len, rows)))]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip())
        if as_json:
            print(json.dumps(self.document(), ensure_ascii=False))

    def document(self) -> Mapping[str, Any]:
        return {
            "name": self.name,
            "commit": commit(),
            "machine": machine(),
            "checked": True,
            "inputs": self.inputs,
            "figures": {key: round(value, 4) for key, value in self.figures.items()},
        }
