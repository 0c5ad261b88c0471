"""Files that lie, by both ways in and then on the screen: nothing ends, fills the memory or stands still."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom.data
import pytest

from renderd.protocol import PlaneView, Show, StackView
from storage.dicom.write import write_series
from tests.flows import hostile
from tests.flows.house import House, Memory
from tests.flows.sender import NO_ANSWER, send_files
from tests.renderd.page import Frame, Page

pytestmark = [pytest.mark.long, pytest.mark.slow]  # a whole house, and hundreds of files

MOST_BYTES = 1 << 30  # resident, of one process
MOST_S = 10.0  # of the processor, for one file or one picture: what others do on the machine does not count
RECEIVE = "storage.dicom.receive"
STORED_OR_REFUSED = {0x0000, 0xC000, 0xA700}
SLICES = 5


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    house = House()
    try:
        house.start(timeout_s=600)
        house.stop()
        house.start()  # a renderd that had something to compile would keep the compiler's memory
        house.sign_in()
        yield house
    finally:
        house.close()


@pytest.fixture(scope="module")
def made() -> list[tuple[str, bytes]]:
    return list(hostile.cases())


def good(seed: str) -> list[bytes]:
    array = np.random.default_rng(4).integers(-1000, 1000, (SLICES, 32, 32)).astype(np.int16)
    return list(write_series(array, np.diag([1.0, 1, 2, 1]), seed=seed, attributes={"PatientID": f"GOOD-{seed}"}))


def broken_files() -> list[Path]:
    """pydicom's own test files, as far as they came with it: odd, cut, wrong in every way somebody has met."""
    root = Path(pydicom.data.__file__).parent
    return sorted(path for path in root.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc", ".json"))


class Watched:
    """Within it, no process ends and none takes more memory than it may."""

    def __init__(self, house: House) -> None:
        self.house = house

    def __enter__(self) -> None:
        assert self.house.process is not None
        self.before = self.house.until(lambda: len(pids := self.house.pids()) == 4 and pids, "all processes are there")
        self.memory = Memory(self.house.process.pid)
        self.memory.start()

    def __exit__(self, kind: Any, *_: object) -> None:
        peak = self.memory.stop()
        print({name.rsplit(".", 1)[-1]: f"{size >> 20} MiB" for name, size in sorted(peak.items())})
        if kind is None:
            assert self.house.pids() == self.before
            assert {name: size >> 20 for name, size in peak.items() if size > MOST_BYTES} == {}


def bring_in(house: House, folder: Path, tmp_path: Path, seed: str) -> str:
    """Import a folder with good slices beside what is in it; what was said. The command's own memory is watched too."""
    for number, data in enumerate(good(seed)):
        (folder / f"good-{number}.dcm").write_bytes(data)
    folder.chmod(0o755)
    command = [sys.executable, "-m", "farview", "import", str(folder)]
    with (tmp_path / "said").open("w+") as said:
        begun = time.monotonic()
        process = subprocess.Popen(command, env=house.environment, stdout=said, stderr=subprocess.STDOUT)
        memory = Memory(process.pid)
        memory.start()
        code = process.wait(600)
        peak = max(memory.stop().values())
        said.seek(0)
        text = said.read()
    files = sum(1 for path in folder.rglob("*") if path.is_file())
    print(f"import: {files} files in {time.monotonic() - begun:.1f} s, {peak >> 20} MiB, exit {code}\n{text}")
    assert "Traceback" not in text and code in (0, 1)
    assert peak < MOST_BYTES
    assert images(house, f"GOOD-{seed}") == SLICES
    return text


def images(house: House, patient_id: str) -> int:
    return sum(study["images"] for study in house.studies() if study["patient_id"] == patient_id)


def test_generated_files_come_in_or_are_refused_by_import_one_by_one(
    house: House, made: list[tuple[str, bytes]], tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    folder = tmp_path / "hostile"
    folder.mkdir(mode=0o755)
    for name, data in made:
        (folder / f"{name}.dcm").write_bytes(data)
    with Watched(house):
        text = bring_in(house, folder, tmp_path, "import")
    assert "unreadable" in text


def test_generated_files_are_stored_or_refused_over_c_store(house: House, made: list[tuple[str, bytes]]) -> None:
    slowest: dict[str, float] = {}
    with Watched(house):
        for name, data in made:
            begun = house.spent_s(RECEIVE)
            (status,) = send_files(house.dicom_port, [data])
            slowest[name] = house.spent_s(RECEIVE) - begun
            assert status in STORED_OR_REFUSED, f"{name}: {status:04X}"
        assert send_files(house.dicom_port, good("sent")) == [0] * SLICES
    print(sorted(((round(s, 1), name) for name, s in slowest.items()), reverse=True)[:5])
    assert max(slowest.values()) < MOST_S, slowest
    assert images(house, "GOOD-sent") == SLICES


def test_archives_that_lie_come_in_as_far_as_they_are_honest(house: House, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    folder = tmp_path / "archives"
    folder.mkdir(mode=0o755)
    one = good("zipped")[0]
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(40):
            archive.writestr(f"{number}.dcm", bytes(64 << 20))
    with zipfile.ZipFile(folder / "out.zip", "w") as archive:
        archive.writestr("../../../../tmp/farview-escaped.dcm", one)
        archive.writestr("/etc/farview-escaped.dcm", one)
    with tarfile.open(folder / "links.tar.gz", "w:gz") as packed:
        for name, kind, target in (
            ("shadow.dcm", tarfile.SYMTYPE, "/etc/shadow"),
            ("hard.dcm", tarfile.LNKTYPE, "/etc/passwd"),
            ("device", tarfile.CHRTYPE, ""),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            packed.addfile(member)
        member = tarfile.TarInfo("../../escaped.dcm")
        member.size = len(one)
        packed.addfile(member, io.BytesIO(one))
    (folder / "cut.zip").write_bytes((folder / "bomb.zip").read_bytes()[:3000])
    # A header that promises a member of eight exabytes.
    header = bytearray((folder / "links.tar.gz").read_bytes())
    (folder / "noise.tar.gz").write_bytes(header[:40] + bytes(range(256)))
    (folder / "link.dcm").symlink_to("/etc/shadow")
    with Watched(house):
        text = bring_in(house, folder, tmp_path, "archives")
    assert images(house, "GOOD-zipped") == 1  # the same one three times
    assert "unpacks to far more" in text
    assert not list(Path("/tmp").glob("farview-escaped*")) and not Path("/etc/farview-escaped.dcm").exists()


def test_pydicom_s_own_odd_files_over_import_and_c_store(house: House, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    folder = tmp_path / "pydicom"
    folder.mkdir(mode=0o755)
    files = broken_files()
    assert len(files) > 100
    for number, path in enumerate(files):
        (folder / f"{number:03}-{path.name}").write_bytes(path.read_bytes())
    with Watched(house):
        bring_in(house, folder, tmp_path, "pydicom")
        send_all(house, [(path.name, path.read_bytes()) for path in files if path.stat().st_size > 200])


def test_the_fuzz_corpus_over_import_and_c_store(house: House, tmp_path: Path, test_data: Path) -> None:
    tmp_path.chmod(0o755)
    folder = tmp_path / "corpus"
    folder.mkdir(mode=0o755)
    (archive,) = (test_data / "08_hostile").glob("*.tar.xz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    files = sorted(path for path in folder.rglob("*.dcm"))
    assert len(files) > 200
    with Watched(house):
        bring_in(house, folder, tmp_path, "corpus")
        send_all(house, [(path.name, path.read_bytes()) for path in files])


def send_all(house: House, files: list[tuple[str, bytes]]) -> None:
    counts: dict[int, int] = {}
    slowest = (0.0, "")
    for name, data in files:
        begun = house.spent_s(RECEIVE)
        (status,) = send_files(house.dicom_port, [data])
        slowest = max(slowest, (house.spent_s(RECEIVE) - begun, name))
        # A transfer syntax that is none is refused when the association is made.
        assert status in STORED_OR_REFUSED | {NO_ANSWER}, f"{name}: {status:04X}"
        counts[status] = counts.get(status, 0) + 1
    print({f"{status:04X}" if status >= 0 else "no association": count for status, count in counts.items()}, slowest)
    assert slowest[0] < MOST_S


async def test_everything_that_came_in_opens_or_says_why_not(house: House) -> None:
    """Runs last: every study, series and stack that the others left behind."""
    shown: dict[str, int] = {}
    slowest = (0.0, "")
    with Watched(house):
        for study in house.studies():
            status, info = house.ask(f"/api/studies/{study['id']}")
            assert status == 200, (study, info)
            async with house.page() as page:
                for series in info["series"]:
                    status, _ = house.ask(f"/api/series/{series['id']}/thumbnail")
                    assert status in (200, 404, 422, 500), series
                    for stack in series["stacks"]:
                        for volume in (False, True) if stack["volume"] else (False,):
                            begun = house.spent_s("renderd")
                            what = await look(page, series["id"], stack, volume)
                            slowest = max(slowest, (house.spent_s("renderd") - begun, study["patient_id"]))
                            shown[what] = shown.get(what, 0) + 1
        status, system = house.ask("/api/system")
        assert status == 200 and all(process["restarts"] == 0 for process in system["processes"]), system
    print(shown, slowest)
    assert shown.get("picture", 0) > 20
    assert set(shown) <= {"picture", "unreadable_frame", "volume_too_large"}, shown
    assert slowest[0] < MOST_S


async def look(page: Page, series: int, stack: dict[str, Any], volume: bool) -> str:
    """Show the first frame whole, as the page opens it, or a volume's plane; "picture", or the code of the trouble."""
    extent = 100.0 if volume or not stack["spacing"] else max(stack["rows"], stack["columns"]) * stack["spacing"][1]
    values = {"series": series, "stack": stack["digest"], "extent_mm": extent, "window": (40.0, 400.0)}
    right, down = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)
    view: Any = (
        PlaneView(centre=(0.0, 0.0, 0.0), right=right, down=down, **values)
        if volume
        else StackView(frame=0, centre=(0.0, 0.0), right=right[:2], down=down[:2], **values)
    )
    look.number = number = getattr(look, "number", 0) + 1  # type: ignore[attr-defined]
    await page.send(Show(viewport=1, input=number, view=view, width=64, height=48, moving=False))

    def done(got: Frame | dict[str, Any]) -> bool:
        if isinstance(got, dict):
            return got["t"] == "trouble"
        return got.final and got.header.input == number

    got = await page.until(done)
    return "picture" if isinstance(got, Frame) else str(got["code"])
