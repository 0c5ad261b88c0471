"""The comparison of kernels runs at its smallest size, keeps its contract, and refuses to compare what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import ours
from benchmarks.bench import Bench, Line, reached, worst
from benchmarks.counted import Work
from benchmarks.limits import Limits
from benchmarks.report import CheckFailed
from benchmarks.subject import phantom

ROOT = Path(__file__).resolve().parents[2]
FIGURES = {
    "plane512_vtk",
    "plane512_sitk",
    "slab512_vtk",
    "slab1024_vtk",
    "mip512_vtk",
    "mip1024_vtk",
    "vr_cta512_step",
    "vr_cta1024_step",
    "vr_skin512_step",
    "vr_cta512_quality",
    "vr_cta1024_quality",
    "vr_skin512_quality",
    "drag_mip_fps",
    "drag_cta_fps",
    "drag_skin_fps",
    "drag_cta_perspective_fps",
    "still512_ms",
    "still1024_first_ms",
    "still1024_ms",
    "first_frame_s",
    "occupancy_ms",
}
NO_PEER = "needs VTK and SimpleITK: pip install 'farview[bench]'"


def kernels(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.kernels", *options],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def bench():
    """A small run that has checked nothing yet."""
    return Bench(phantom(small=True), Limits(1e9, 1e9), small=True)


@pytest.fixture
def peers(bench):
    pytest.importorskip("vtkmodules", reason=NO_PEER)
    from benchmarks.sitk_peer import Resampler
    from benchmarks.vtk_peer import image_of

    return image_of(bench.subject.volume), Resampler(bench.subject.volume, bench.threads)


@pytest.mark.slow
def test_every_figure_is_measured_after_everything_was_checked(tmp_path: Path) -> None:
    pytest.importorskip("vtkmodules", reason=NO_PEER)
    run = kernels("--small", "--json", "--pictures", str(tmp_path))
    assert run.returncode == 0, run.stderr[-3000:]
    assert "X server" not in run.stderr
    document = json.loads(run.stdout.splitlines()[-1])
    assert set(document) == {"name", "commit", "machine", "checked", "inputs", "figures"}
    assert document["checked"] is True
    assert set(document["figures"]) == FIGURES
    assert all(value > 0 for value in document["figures"].values())
    views = document["inputs"]["quality_db"]["vr_cta512_quality"]
    assert set(views) == {"AP", "OBL", "ZOOM"}
    assert all(ours_db > 20 and peer_db > 20 for ours_db, peer_db in views.values())
    assert (tmp_path / "phantom-vr_cta512_quality-obl.png").stat().st_size > 0


@pytest.mark.slow
def test_only_what_was_asked_for_is_measured() -> None:
    pytest.importorskip("vtkmodules", reason=NO_PEER)
    run = kernels("--small", "--json", "--only", "plane512_sitk,still512_ms")
    assert set(json.loads(run.stdout.splitlines()[-1])["figures"]) == {"plane512_sitk", "still512_ms"}


@pytest.mark.slow
def test_without_vtk_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "vtkmodules").mkdir()
    (tmp_path / "vtkmodules" / "__init__.py").write_text("raise ImportError('no VTK here')")
    run = kernels("--small", PYTHONPATH=str(tmp_path))
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "This benchmark compares with VTK and SimpleITK: pip install 'farview[bench]' (no VTK here)"
    ]


@pytest.mark.slow
def test_an_unknown_figure_is_refused_with_the_known_ones() -> None:
    pytest.importorskip("vtkmodules", reason=NO_PEER)
    run = kernels("--small", "--only", "plane512")
    assert run.returncode == 1
    assert run.stderr.startswith("No figure is called plane512. There are: plane512_vtk, ")


@pytest.mark.slow
def test_wrong_values_stop_it(bench, peers, monkeypatch) -> None:
    """Half a voxel beside: a plane that looks right."""
    from benchmarks import projections

    right = ours.plane_values
    monkeypatch.setattr(ours, "plane_values", lambda volume, picture: np.roll(right(volume, picture), 1, axis=1))
    with pytest.raises(CheckFailed, match="HU from SimpleITK's"):
        projections.planes(bench, *peers)
    assert not bench.lines


@pytest.mark.slow
def test_another_view_stops_it(bench, peers, monkeypatch) -> None:
    """A camera that shows the patient mirrored."""
    from benchmarks import projections

    mirrored = tuple(replace(view, right=-view.right) for view in projections.VIEWS)
    projections.check_views(bench, peers[0])
    monkeypatch.setattr(projections, "VIEWS", mirrored)
    with pytest.raises(CheckFailed, match="dB apart"):
        projections.check_views(bench, peers[0])


@pytest.mark.slow
def test_a_picture_far_from_dense_steps_stops_it(bench, peers, monkeypatch) -> None:
    from benchmarks import renderings

    right = ours.render
    monkeypatch.setattr(ours, "render", lambda *arguments: 255 - right(*arguments))
    with pytest.raises(CheckFailed, match="dB from dense steps"):
        renderings.renderings(bench, peers[0])
    assert not bench.lines


@pytest.mark.slow
def test_a_structure_that_hides_what_is_seen_stops_it(bench, monkeypatch) -> None:
    pytest.importorskip("vtkmodules", reason=NO_PEER)
    from benchmarks import frames

    frames.occupancies(bench)
    assert [line.view for line in bench.lines] == list(ours.TRANSFERS)
    right = ours.occupancy
    monkeypatch.setattr(ours, "occupancy", lambda *a: (found := right(*a))._replace(near=0 * found.near))
    with pytest.raises(CheckFailed, match="not those that do"):
        frames.occupancies(bench)


def line(figure: str, ours_db: float | None = None, peer_db: float | None = None):
    return Line(figure, "AP", 7.0, 1.0, 7.0, ours_db, peer_db)


def test_a_worse_picture_does_not_count_unless_equal_steps_are_compared() -> None:
    assert line("vr_cta512_quality", 45.0, 44.9).as_good
    assert line("vr_cta512_quality", 44.96, 45.0).as_good  # alike to a tenth
    assert not line("vr_cta512_quality", 44.8, 45.0).as_good
    assert not line("vr_cta512_step", 44.8, 45.0).as_good
    assert line("plane512_vtk").as_good


def test_a_share_is_of_the_kernel_alone_and_of_what_was_counted() -> None:
    limits = Limits(samples_per_s=2e9, bytes_per_s=1e10)
    plain = Line("drag_cta_fps", "AP", 50.0, 20.0, work=Work(samples=1e6, touched=5e6))
    assert plain.share(limits) == pytest.approx((0.025, 0.025))
    assert replace(plain, kernel_ms=10.0).share(limits) == pytest.approx((0.05, 0.05))
    assert replace(plain, work=None).share(limits) is None


def test_the_worst_view_is_the_lowest_ratio_and_the_longest_time() -> None:
    assert worst("vr_cta512_step", [6.5, 5.9, 7.0]) == 5.9
    assert worst("drag_cta_fps", [40.0, 31.0]) == 31.0
    assert worst("still512_ms", [180.0, 240.0]) == 240.0
    assert worst("first_frame_s", [0.4, 0.9]) == 0.9
    assert reached("vr_cta512_step", 6.0) and not reached("vr_cta512_step", 5.99)
    assert reached("still512_ms", 250.0) and not reached("still512_ms", 251.0)
