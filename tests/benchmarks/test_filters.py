"""The comparison of filters runs at its smallest size, keeps its contract, and times nothing that is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("SimpleITK", reason="needs SimpleITK: pip install 'farview[bench]'")

from benchmarks import filters
from benchmarks.report import CheckFailed

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"gaussian", "unsharp", "gradient", "vesselness", "median3", "median5", "bilateral", "dilation", "components"}


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.filters", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_every_filter_is_timed_against_its_peer_after_everything_was_checked() -> None:
    found = run("--small", "--json")
    assert found.returncode == 0, found.stderr[-3000:]
    document = json.loads(found.stdout.splitlines()[-1])
    assert set(document) == {"name", "commit", "machine", "checked", "inputs", "figures"}
    assert document["checked"] is True
    assert set(document["figures"]) == {f"{name}_{what}" for name in NAMES for what in ("s", "ratio")}
    assert all(value > 0 for value in document["figures"].values())


@pytest.mark.slow
def test_only_what_was_asked_for_is_timed() -> None:
    document = json.loads(run("--small", "--json", "--only", "gaussian").stdout.splitlines()[-1])
    assert set(document["figures"]) == {"gaussian_s", "gaussian_ratio"}


@pytest.mark.slow
def test_rows_are_not_written_from_a_small_run() -> None:
    found = run("--small", "--write-readme")
    assert found.returncode == 1
    assert found.stderr.startswith("The rows of kernels/README.md come from the whole volume")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gaussian", "gradient_magnitude", "median3d", "bilateral", "dilation"])
def test_a_wrong_filter_stops_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = getattr(filters, name)
    if name == "dilation":
        monkeypatch.setattr(filters, name, lambda mask, radius, spacing: right(mask, radius + 1.0, spacing))
    else:
        monkeypatch.setattr(filters, name, lambda *values, **how: right(*values, **how) + 1)
    with pytest.raises(CheckFailed):
        filters.checks(filters.Bench(small=True))


@pytest.mark.slow
def test_a_vesselness_of_another_scale_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    right = filters.vessels.vesselness
    monkeypatch.setattr(filters.vessels, "vesselness", lambda volume, scales, c: right(volume, [2.0], c=c))
    with pytest.raises(CheckFailed, match="vesselness"):
        filters.checks(filters.Bench(small=True))
