"""`farview import`: what comes in, what is said, and what survives a kill."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from farview.importing import MOST_LINES, Volumes, build_volumes, report
from kernels.errors import InvalidVolume
from storage.arrival import Outcome
from storage.blobs import BlobStore
from storage.database import DatabaseTarget
from storage.dicom.header import read_header
from storage.dicom.stacks import stacks_of
from storage.home import Home
from storage.imports import Summary
from storage.studies import StoredInstance, StoredSeries
from tests.farview.conftest import ROOT, House, write_ct


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARVIEW_LANGUAGE", "en")


def counts(output: str) -> dict[str, int]:
    """The numbers of the summary line."""
    found = re.findall(r"(new|already there|conflicts|not DICOM|unreadable|volumes) (\d+)", output.splitlines()[0])
    return {name: int(number) for name, number in found}


def test_the_summary_counts_and_groups_reasons() -> None:
    summary = Summary(Counter({Outcome.NEW: 3, Outcome.SAME: 2, Outcome.CONFLICT: 1}))
    for name in ("a.dcm", "b.dcm"):
        summary.leave_out(name, "the file ends within the pixel data")
    summary.leave_out("notes.txt", "not_dicom")
    summary.leave_out("big.zip", "archive_bomb")
    first, *lines = report(summary, Volumes(built=1), 2.34)
    assert counts(first) == {
        "new": 3,
        "already there": 2,
        "conflicts": 1,
        "not DICOM": 1,
        "unreadable": 3,
        "volumes": 1,
    }
    assert "2.3 s" in first
    assert lines == [
        "  1 images have the identifier of another one and other content, or another patient than their study: "
        "kept for a person to decide, not shown",
        "  the file ends within the pixel data: 2, e.g. a.dcm, b.dcm",
        "  the archive unpacks to far more than it should: 1, e.g. big.zip",
    ]


def test_the_summary_never_fills_the_screen() -> None:
    summary = Summary()
    for number in range(100):
        summary.leave_out(f"{number}.dcm", f"reason {number}")
    lines = report(summary, Volumes(), 1)
    assert len(lines) == MOST_LINES
    assert lines[-1].endswith("82 more reasons")


@pytest.mark.slow
def test_a_folder_comes_in_once(house: House, series: Path) -> None:
    first = house.farview("import", series)
    assert first.returncode == 0, first.stderr
    assert counts(first.stdout) == {
        "new": 6,
        "already there": 0,
        "conflicts": 0,
        "not DICOM": 1,
        "unreadable": 0,
        "volumes": 1,
    }
    again = house.farview("import", series)
    assert again.returncode == 0
    assert (counts(again.stdout)["new"], counts(again.stdout)["already there"]) == (0, 6)
    archive = shutil.make_archive(str(series.parent / "ct"), "zip", series)
    zipped = house.farview("import", archive)
    assert (counts(zipped.stdout)["new"], counts(zipped.stdout)["already there"]) == (0, 6)


@pytest.mark.slow
def test_a_volume_file_that_a_killed_import_left_out_is_made_by_the_next(house: House, series: Path) -> None:
    assert counts(house.farview("import", series).stdout)["volumes"] == 1
    (file,) = house.home.glob("volumes/*/*/*.volume")
    assert counts(house.farview("import", series).stdout)["volumes"] == 0
    file.unlink()
    again = counts(house.farview("import", series).stdout)
    assert (again["new"], again["already there"], again["volumes"]) == (0, 6, 1)
    assert file.exists()


def stored_series(folder: Path, blobs: BlobStore) -> StoredSeries:
    """A folder's images as they are known, without a database."""
    instances = []
    for number, file in enumerate(sorted(folder.glob("*.dcm"))):
        header, identity = read_header(file.read_bytes())
        sha256 = blobs.write(1, file.read_bytes())
        instances.append(StoredInstance(number, identity.sop_instance_uid, "", number, "", sha256, header.to_json()))
    return StoredSeries(5, 1, 1, "1.2", 1, "CT", "", "", instances)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "image 3 of 6 cannot be decoded"), ("zh", "第 3 幅（共 6 幅）无法解码")],
)
def test_an_image_that_cannot_be_decoded_is_named(
    tmp_path: Path, series: Path, monkeypatch: pytest.MonkeyPatch, language: str, sentence: str
) -> None:
    monkeypatch.setenv("FARVIEW_LANGUAGE", language)
    home = Home(tmp_path / "home", tmp_path / "run")
    blobs, volumes = BlobStore(home.blobs), Volumes()
    stored = stored_series(series, blobs)
    (stack,) = stacks_of(stored.instances)
    blobs.path(1, stack.frames[2].blob_sha256).write_bytes(b"damaged")
    build_volumes(volumes, home, blobs, stored, 1 << 20)
    (_, line) = report(Summary(), volumes, 1)
    assert sentence in line and "5" in line and volumes.built == 0


def test_a_grid_that_the_kernels_refuse_does_not_end_the_import(
    tmp_path: Path, series: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise InvalidVolume("places rise from 0 by at least 0.001")

    monkeypatch.setattr("renderd.assemble.Volume", refused)
    home = Home(tmp_path / "home", tmp_path / "run")
    blobs, volumes = BlobStore(home.blobs), Volumes()
    build_volumes(volumes, home, blobs, stored_series(series, blobs), 1 << 20)
    assert volumes.refused == {5: "invalid_volume"}
    assert "no valid grid" in report(Summary(), volumes, 1)[1]


def test_a_volume_that_the_renderer_cannot_hold_is_not_made_and_the_summary_says_so(
    tmp_path: Path, series: Path
) -> None:
    home = Home(tmp_path / "home", tmp_path / "run")
    blobs = BlobStore(home.blobs)
    stored = stored_series(series, blobs)
    size = 6 * 16 * 16 * 2
    volumes = Volumes()
    build_volumes(volumes, home, blobs, stored, size - 1)
    assert (volumes.built, volumes.refused) == (0, {5: "volume_too_large"})
    assert "FARVIEW_VOLUME_BYTES" in report(Summary(), volumes, 1)[1]
    assert not list(home.volumes.rglob("*.volume"))
    volumes = Volumes()
    build_volumes(volumes, home, blobs, stored, size)
    assert (volumes.built, volumes.refused) == (1, {})
    # The rest of a series that came in two parts: the volume of the part has gone when that of the whole is there.
    (whole,) = home.volumes.rglob("*.volume")
    build_volumes(volumes, home, blobs, replace(stored, instances=stored.instances[:4]), size)
    (part,) = home.volumes.rglob("*.volume")
    build_volumes(volumes, home, blobs, stored, size)
    assert list(home.volumes.rglob("*.volume")) == [whole] != [part]


@pytest.mark.slow
def test_another_database_may_be_named(house: House, series: Path, database_target: DatabaseTarget) -> None:
    elsewhere = {"FARVIEW_DATABASE_URL": database_target.owner}
    first = house.farview("import", series, **elsewhere)
    assert first.returncode == 0, first.stderr
    assert counts(first.stdout)["new"] == 6
    assert counts(house.farview("import", series, **elsewhere).stdout)["already there"] == 6
    assert not (house.home / "postgresql" / "data").exists()


@pytest.mark.slow
def test_what_does_not_arrive_is_named_and_changes_the_exit_code(house: House, series: Path) -> None:
    whole = (series / "0003.dcm").read_bytes()
    (series / "cut.dcm").write_bytes(whole[:-100])
    done = house.farview("import", series)
    assert done.returncode == 1
    assert counts(done.stdout)["unreadable"] == 1
    assert "cut.dcm" in done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_a_missing_path_is_a_sentence(house: House) -> None:
    done = house.farview("import", "/nowhere/at/all")
    assert (done.returncode, done.stderr) == (2, "There is no /nowhere/at/all\n")
    assert not house.home.exists()


@pytest.mark.slow
def test_a_second_import_waits_for_nobody(house: House, series: Path) -> None:
    house.home.mkdir(mode=0o700)
    (house.home / "lock").touch()
    with (house.home / "import.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = house.farview("import", series)
    assert done.returncode == 2
    assert "Another import works with" in done.stderr and done.stderr.count("\n") == 1


def test_a_home_that_is_something_else_is_left_alone(house: House, series: Path) -> None:
    house.home.mkdir()
    (house.home / "letters.txt").write_text("mine")
    done = house.farview("import", series)
    assert done.returncode == 2
    assert "letters.txt" in done.stderr or "cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
    assert [entry.name for entry in house.home.iterdir()] == ["letters.txt"]


@pytest.mark.slow
def test_a_killed_import_is_finished_by_the_next_one(house: House, tmp_path: Path) -> None:
    folder = write_ct(tmp_path / "many", slices=1500, side=64)
    first = subprocess.Popen(
        house.command("import", folder),
        env=house.environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    # Killed as soon as bytes arrive: in the middle, because a thousand more are to come.
    while first.poll() is None and not any(house.home.glob("blobs/*/sha256/*/*/*")):
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    second = house.farview("import", folder)
    assert second.returncode == 0, second.stderr
    come = counts(second.stdout)
    assert come["new"] + come["already there"] == 1500
    assert come["new"] > 0 and come["conflicts"] == 0
    third = counts(house.farview("import", folder).stdout)
    assert (third["new"], third["already there"], third["conflicts"]) == (0, 1500, 0)
