"""The table of kernels/README.md: what each kernel computes, after whom, how exactly, and how long it takes.

    python -m benchmarks.readme      after a docstring has changed; the times stay as they are

File, source and tolerance are read from the modules' docstrings. Times come from `benchmarks.kernels --write-readme`,
those of filters of volumes from `benchmarks.filters --write-readme`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.report import ROOT, commit, machine

if TYPE_CHECKING:
    from benchmarks.bench import Bench

KERNELS = ROOT / "kernels"
README = KERNELS / "README.md"
BEGIN, END = "<!-- table: written by python -m benchmarks.kernels --write-readme -->", "<!-- end of the table -->"
HEAD = ("file", "what it computes", "source", "tolerance", "time")
ELSEWHERE = {"march.py": "in `rendering.py`"}  # whose time another file's contains
LABEL = re.compile(r"^[A-Z][a-z]+:", re.MULTILINE)


def modules(folder: Path = KERNELS) -> dict[str, str]:
    """By file name, the docstrings of the modules that compute: with a source, a tolerance, a reference or a driver."""
    found = {}
    for path in sorted(folder.glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        text = ast.get_docstring(tree) or ""
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        if {"Source", "Tolerance"} & set(labelled(text)) or {"reference", "spread_cpu"} & functions:
            found[path.name] = text
    return found


def labelled(text: str) -> dict[str, str]:
    """The parts of a docstring that begin a line with a label, `Source: …`; each up to the next label or empty line."""
    found = {}
    for paragraph in text.split("\n\n"):
        starts = [match.start() for match in LABEL.finditer(paragraph)]
        for start, end in pairwise([*starts, len(paragraph)]):
            label, _, rest = paragraph[start:end].partition(":")
            found[label] = " ".join(rest.split())
    return found


def cells_of(name: str, text: str) -> tuple[str, str, str, str]:
    """File, what it computes, source and tolerance of a module."""
    summary = " ".join(text.split("\n\n", maxsplit=1)[0].split()).rstrip(".")
    parts = labelled(text)
    return f"`{name}`", summary, parts.get("Source", "—"), parts.get("Tolerance", "exact" if "Exact." in text else "—")


def written() -> dict[str, list[str]]:
    """The rows of the table as they stand in the README, by file name, cell by cell."""
    found = {}
    for line in _inside().splitlines():
        if line.startswith("| `"):
            cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            found[cells[0].strip("`")] = cells
    return found


def _inside() -> str:
    return README.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


def write(note: str, times: Mapping[str, str]) -> None:
    """Put the table into the README: a note on how it was timed, and times by file name."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    for name, text in modules().items():
        cells = (*cells_of(name, text), times.get(name, "—"))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    before, _, rest = README.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(before + "\n".join([BEGIN, "", note, "", *lines, "", END]) + after, "utf-8")


def write_timed(bench: Bench) -> None:
    """The table with the times of a whole run."""
    about = machine()
    note = (
        f"Medians on {about['cores']} cores ({about['cpu']}, {about['simd']}), two threads, at commit {commit()}. The "
        "volume is the body phantom, 512×512×500; of three views the slowest. In brackets how near that is to what "
        "the machine can do: samples a second, of those that trilinear interpolation takes with voxels in the "
        "first-level cache (a plane along rows of voxels reads them in order, and may pass that), and bytes a second, "
        "of those that a copy moves. What is skipped does not count."
    )
    write(note, known_times() | times_of(bench))


def write_rows(times: Mapping[str, str]) -> None:
    """New times in the rows of some files; all others, and the note, stay as they are."""
    write(_inside().partition("|")[0].strip(), {**known_times(), **times})


def known_times() -> dict[str, str]:
    """By file name: the times that stand in the table."""
    return {name: cells[-1] for name, cells in written().items()}


def times_of(bench: Bench) -> dict[str, str]:
    """By file name: the times of a run's figures, and of what no figure shows."""
    from benchmarks.modules import works
    from benchmarks.timing import medians

    found: dict[str, dict[str, Timed]] = {}
    for name, cases in works(bench).items():
        times = medians({what: case.run for what, case in cases.items()}, bench.repeats)
        for what, case in cases.items():
            moved = None if case.moved is None else case.moved / (times[what] / 1e3) / bench.limits.bytes_per_s
            found.setdefault(name, {})[what] = Timed(times[what], None, moved)
    for line in bench.lines:
        if line.shown_in:
            name, what = line.shown_in
            timed = Timed(line.ours_ms, *(line.share(bench.limits) or (None, None)))
            others = found.setdefault(name, {})
            others[what] = max(timed, others.get(what, timed), key=lambda one: one.ms)
    shown = {name: ", ".join(f"{what} {timed}" for what, timed in cases.items()) for name, cases in found.items()}
    return shown | ELSEWHERE


class Timed(NamedTuple):
    """A median, and its shares of what the machine can do; None where nobody counted."""

    ms: float
    samples: float | None = None
    moved: float | None = None

    def __str__(self) -> str:
        shares = ((self.samples, "of the samples"), (self.moved, "of the bytes"))
        said = [f"{share:.0%} {what}" for share, what in shares if share is not None]
        return _ms(self.ms) + (f" ({', '.join(said)})" if said else "")


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds >= 9.95 else f"{milliseconds:.2g} ms"


def main() -> None:
    write_rows({})


if __name__ == "__main__":
    main()
