"""The table of kernels/README.md: what each kernel computes, after whom, how exactly, and how long it takes.

File, formula's source and tolerance are read from the modules' docstrings, times from a run of benchmarks.kernels.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from benchmarks.report import ROOT, commit, machine

if TYPE_CHECKING:
    from benchmarks.bench import Bench

README = ROOT / "kernels" / "README.md"
BEGIN, END = "<!-- kernels: written by python -m benchmarks.kernels --write-readme -->", "<!-- kernels: end -->"
HEAD = ("file", "what it computes", "source", "tolerance", "time")
LABEL = re.compile(r"^(?:[A-Z][a-z]+):", re.MULTILINE)


def kernels() -> dict[str, str]:
    """Docstrings of the modules that compute something after a source or within a tolerance, by file name."""
    found = {}
    for path in sorted((ROOT / "kernels").glob("*.py")):
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
        for start, end in zip(starts, [*starts[1:], len(paragraph)], strict=True):
            label, _, rest = paragraph[start:end].partition(":")
            found[label] = " ".join(rest.split())
    return found


def columns(text: str) -> tuple[str, str, str]:
    """What it computes, source and tolerance, of a docstring."""
    summary = " ".join(text.split("\n\n", maxsplit=1)[0].split()).rstrip(".")
    parts = labelled(text)
    tolerance = parts.get("Tolerance", "exact" if "Exact." in text else "—")
    return summary, parts.get("Source", "—"), tolerance


def rows(times: Mapping[str, str]) -> list[str]:
    """The table's lines, Markdown; times by file name."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    for name, text in kernels().items():
        cells = (f"`{name}`", *columns(text), times.get(name, "—"))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def written() -> list[list[str]]:
    """The rows of the table as they stand in the README, cell by cell, without its head."""
    inside = README.read_text("utf-8").split(BEGIN)[1].split(END)[0]
    lines = [line for line in inside.splitlines() if line.startswith("| `")]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def write(bench: Bench) -> None:
    """Put the table into the README, with the times of this run."""
    about = machine()
    note = (
        f"Medians on {about['cores']} cores ({about['cpu']}, {about['simd']}), two threads, commit {commit()}; the "
        "body phantom of 512×512×500 voxels, the slowest of three views."
    )
    before, _, rest = README.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    table = "\n".join([BEGIN, "", note, "", *rows(times_of(bench)), "", END])
    README.write_text(before + table + after, "utf-8")


def times_of(bench: Bench) -> dict[str, str]:
    """By file name: the times of this run's figures, and of what no figure shows."""
    from benchmarks.modules import works
    from benchmarks.timing import medians

    slowest: dict[str, float] = {}
    for line in bench.lines:
        slowest[line.figure] = max(slowest.get(line.figure, 0.0), line.ours_ms)
    found = {
        "plane.py": {
            "plane 512²": slowest["plane512_vtk"],
            "20 mm slab 512²": slowest["slab512_vtk"],
            "1024²": slowest["slab1024_vtk"],
            "MIP 512²": slowest["mip512_vtk"],
            "MIP 1024²": slowest["mip1024_vtk"],
        },
        "rendering.py": {
            "CTA 512²": slowest["vr_cta512_quality"],
            "CTA 1024²": slowest["vr_cta1024_quality"],
            "translucent 512²": slowest["vr_skin512_quality"],
        },
    }
    for name, runs in works(bench).items():
        found.setdefault(name, {}).update(medians(runs, bench.repeats))
    shown = {name: ", ".join(f"{what} {ms:.2g} ms" for what, ms in times.items()) for name, times in found.items()}
    return shown | {"march.py": "see `rendering.py`"}
