"""The kernels against VTK and SimpleITK in one run.

    python -m benchmarks.kernels [--small] [--json] [--only NAME,…] [--real PATH] [--pictures FOLDER] [--write-readme]

Ours and the peers: the same voxels and view, two threads each, warmed, in turn; medians of five. Sampling distances are
the same to a third, since ours are whole slices: the line says both, and counts as another algorithm does, where our
picture is as near to the dense frame as the peer's to its own. The volume is the body phantom, 512×512×500; each figure
is the worst of the views AP, OBL and ZOOM (views.py). The real chest CT of FARVIEW_TEST_DATA is printed too. A ratio is
the peer's time divided by ours. What is timed is said in projections.py, renderings.py and frames.py; which of our
settings are compared, in ours.py.

First it is checked that all see the same: the phantom's contents, planes and slabs against SimpleITK's, the maximum
against VTK's; then how far each picture is from the dense frame of whoever drew it (dense.py). Dense frames take
minutes and are kept below ~/.cache/farview/benchmarks.

How near a kernel comes to the machine's limits, by what it really reads (counted.py; what is skipped is not):
% of L1     samples a second, of those that trilinear interpolation takes here with voxels in the first-level cache;
            a sample is eight voxels read, of values and gradients alike. Planes along rows of voxels read them in
            order, sixteen at once, and may pass 100
% of copy   bytes a second of the cache lines that are read, each counted once a frame, of those that a copy moves
"""

from __future__ import annotations

import argparse
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.report import CheckFailed, Report, parser_of
from benchmarks.series import archive

if TYPE_CHECKING:  # they need the peers
    from benchmarks.bench import Bench, Line

NEEDS = "This benchmark compares with VTK and SimpleITK: pip install 'farview[bench]'"
WORSE = "DOES NOT COUNT: our picture is worse than the peer's"
HEADINGS = ("volume", "figure", "view", "value", "ours ms", "peer ms", "ours dB", "peer dB", "% of L1", "% of copy", "")


def options_of() -> argparse.Namespace:
    parser = parser_of("kernels", __doc__ or "")
    parser.add_argument("--only", default="", metavar="NAME,…", help="these figures")
    parser.add_argument("--real", type=Path, metavar="PATH", help="DICOM files, a folder or tar, for the chest CT")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="write ours and VTK's side by side")
    parser.add_argument("--write-readme", action="store_true", help="write the table of kernels/README.md")
    return parser.parse_args()


def main() -> None:
    options = options_of()
    try:
        from benchmarks import bench, frames  # noqa: F401 # frames: whether the peers are there
    except ImportError as error:
        raise SystemExit(f"{NEEDS} ({error})") from error
    only = frozenset(filter(None, options.only.split(",")))
    if unknown := sorted(only - set(bench.GOALS)):
        raise SystemExit(f"No figure is called {', '.join(unknown)}. There are: {', '.join(bench.GOALS)}")
    if options.write_readme and (options.small or only):
        raise SystemExit("The table of kernels/README.md comes from a whole run: leave out --small and --only")
    try:
        report = run(options, only)
    except CheckFailed as error:
        raise SystemExit(f"Nothing was compared: {error}") from error
    report.print(options.json, HEADINGS)


def run(options: argparse.Namespace, only: frozenset[str]) -> Report:
    """Everything that was asked for."""
    from benchmarks import limits, ours, readme, sitk_peer, vtk_peer
    from benchmarks.bench import Bench
    from benchmarks.subject import phantom, real

    ours.compile_apart()
    ours.use_threads()
    report = Report("kernels")
    found = limits.measure(1 << 24 if options.small else 1 << 29)
    report.inputs |= {
        "threads": ours.THREADS,
        "vtk": vtk_peer.VERSION,
        "simpleitk": sitk_peer.VERSION,
        "l1_samples_per_s": round(found.samples_per_s / 1e6) * 1e6,
        "copy_bytes_per_s": round(found.bytes_per_s / 1e6) * 1e6,
    }
    bench = Bench(phantom(options.small), found, options.small, only, options.pictures)
    compare(bench)
    describe(report, bench)
    summarize(report, bench)
    if options.write_readme:
        readme.write_timed(bench)
    with series(options) as folder:
        if folder is not None:
            other = Bench(real(folder), found, options.small, only, options.pictures)
            compare(other)
            describe(report, other)
        elif not options.small:
            report.line("chest CT", "not at hand: set FARVIEW_TEST_DATA, or give --real")
    return report


def compare(bench: Bench) -> None:
    """Check, then time; the lines are in `bench`."""
    from benchmarks import frames, projections, renderings, sitk_peer, vtk_peer

    image = vtk_peer.image_of(bench.subject.volume)
    resampler = sitk_peer.Resampler(bench.subject.volume, bench.threads)
    projections.check_views(bench, image)
    projections.planes(bench, image, resampler)
    projections.slabs(bench, image, resampler)
    projections.maxima(bench, image)
    renderings.renderings(bench, image)
    frames.drags(bench)
    frames.occupancies(bench)
    frames.stills(bench)
    frames.first_frames(bench, image)


def describe(report: Report, bench: Bench) -> None:
    """Every line of a subject, and what the subject is."""
    report.inputs[bench.subject.name.replace(" ", "_").lower()] = bench.subject.description()
    for line in bench.lines:
        report.line(*cells(bench, line))


def cells(bench: Bench, line: Line) -> Iterator[str]:
    """One row of the table."""
    yield from (bench.subject.name, line.figure, line.view, f"{line.value:.2f}", f"{line.ours_ms:.2f}")
    yield "" if line.peer_ms is None else f"{line.peer_ms:.1f}"
    yield from ("" if db is None else f"{db:.1f}" for db in (line.ours_db, line.peer_db))
    yield from (f"{share:.0%}" for share in line.share(bench.limits) or ()) if line.work else ("", "")
    yield "; ".join([*([] if line.as_good else [WORSE]), line.remark])


def summarize(report: Report, bench: Bench) -> None:
    """The figures: of each the worst view."""
    from benchmarks.bench import GOALS, OWN_GOALS, reached, worst

    failing = []
    quality: dict[str, dict[str, list[float]]] = {}
    for figure, goal in GOALS.items():
        lines = [line for line in bench.lines if line.figure == figure]
        if not lines:
            continue
        value = worst(figure, [line.value for line in lines])
        report.figures[figure] = value
        for line in lines:
            if line.ours_db is not None:
                near = [line.ours_db, *([] if line.peer_db is None else [line.peer_db])]
                quality.setdefault(figure, {})[line.view] = [round(db, 1) for db in near]
        verdict = "reached" if reached(figure, value) else "MISSED"
        verdict += ", a goal of our own" if figure in OWN_GOALS else ""
        if not all(line.as_good for line in lines):
            failing.append(figure)
            verdict = WORSE
        said = "" if bench.small else f"goal {goal}, {verdict}"
        report.line("worst view", figure, "", f"{value:.2f}", *[""] * 6, said)
    report.inputs |= {"quality_db": quality, "not_counting": failing}


@contextmanager
def series(options: argparse.Namespace) -> Iterator[Path | None]:
    """A folder of DICOM files: what --real names, else the chest CT where it is at hand."""
    source = options.real or (None if options.small else archive())
    if source is None or source.is_dir():
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="farview-chest-") as folder, tarfile.open(source) as tar:
        tar.extractall(folder, filter="data")
        yield Path(folder)


if __name__ == "__main__":
    main()
