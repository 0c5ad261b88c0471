from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import threading
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from storage import archives
from storage.archives import Member, read_ahead, read_members

DICOM = bytes(128) + b"DICM" + bytes(400)


def tar(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


PACK: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "zip": zipped,
    "tar": tar,
    "tar.gz": lambda members: gzip.compress(tar(members)),
    "tar.bz2": lambda members: bz2.compress(tar(members)),
    "tar.xz": lambda members: lzma.compress(tar(members)),
}


def summary(path: Path) -> dict[str, str]:
    return {member.name: member.problem for member in read_members(path)}


@pytest.mark.parametrize("kind", PACK)
def test_every_kind_of_archive_gives_its_members_whatever_it_is_called(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "without an ending"
    path.write_bytes(PACK[kind]({"a/1.dcm": DICOM + b"1", "a/2": DICOM + b"2", "notes.txt": b"hello"}))
    assert list(read_members(path)) == [
        Member("a/1.dcm", DICOM + b"1"),
        Member("a/2", DICOM + b"2"),
        Member("notes.txt", problem="not_dicom"),
    ]


def test_a_folder_is_read_to_its_depth_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b/2.dcm", "a/deep/1.dcm", "c.txt", ".hidden/x.dcm", "DICOMDIR", "a/.DS_Store", "Thumbs.db"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"text" if name == "c.txt" else DICOM)
    assert summary(tmp_path) == {"c.txt": "not_dicom", "a/deep/1.dcm": "", "b/2.dcm": ""}


def test_a_single_file_is_itself(tmp_path: Path) -> None:
    (tmp_path / "1.dcm").write_bytes(DICOM)
    assert summary(tmp_path / "1.dcm") == {"1.dcm": ""}


def test_a_circle_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "1.dcm").write_bytes(DICOM)
    (tmp_path / "again").symlink_to(tmp_path)
    assert summary(tmp_path) == {"1.dcm": ""}


def test_an_archive_in_an_archive_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"inner.zip": zipped({"1.dcm": DICOM})}))
    assert summary(tmp_path / "a.zip") == {"inner.zip": "not_dicom"}


@pytest.mark.parametrize("kind", PACK)
def test_an_archive_in_a_folder_is_opened_one_level_deep(tmp_path: Path, kind: str) -> None:
    (tmp_path / "disk").mkdir()
    inner = zipped({"1.dcm": DICOM})
    (tmp_path / "disk/study").write_bytes(PACK[kind]({"a/1.dcm": DICOM, "inner.zip": inner, "notes.txt": b"hello"}))
    (tmp_path / "z.dcm").write_bytes(DICOM)
    assert summary(tmp_path) == {
        "disk/study:a/1.dcm": "",
        "disk/study:inner.zip": "not_dicom",
        "disk/study:notes.txt": "not_dicom",
        "z.dcm": "",
    }


def test_a_packed_file_in_a_folder_that_is_no_archive_is_not_dicom(tmp_path: Path) -> None:
    (tmp_path / "brain.nii.gz").write_bytes(gzip.compress(bytes(5000)))
    (tmp_path / "old.log.xz").write_bytes(lzma.compress(b"a line"))
    (tmp_path / "words").write_bytes(b"BZh begins like an archive and is none")
    assert set(summary(tmp_path).values()) == {"not_dicom"} and len(summary(tmp_path)) == 3


def test_what_is_wrong_with_an_archive_in_a_folder_is_said_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk").mkdir()
    whole = zipped({f"{i}.dcm": DICOM + bytes(range(256)) * 40 for i in range(20)})
    (tmp_path / "disk/cut.zip").write_bytes(whole[: len(whole) // 2])
    monkeypatch.setattr(archives, "RATIO_FREE_BYTES", 100_000)
    monkeypatch.setattr(archives, "MAX_RATIO", 10)
    (tmp_path / "disk/bomb.zip").write_bytes(zipped({f"{i}.dcm": DICOM + bytes(50_000) for i in range(100)}))
    (tmp_path / "last.dcm").write_bytes(DICOM)
    found = summary(tmp_path)
    assert (found["disk/cut.zip"], found["disk/bomb.zip"], found["last.dcm"]) == ("archive_damaged", "archive_bomb", "")
    assert len(found) < 8


def test_names_that_climb_are_only_labels(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.tar").write_bytes(tar({"../../etc/1.dcm": DICOM, "/abs/2.dcm": DICOM}))
    assert set(summary(tmp_path / "in/a.tar").values()) == {""}
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "a.tar"]


def test_a_link_in_a_tar_is_passed_over(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        info = tarfile.TarInfo("passwd")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    assert summary(tmp_path / "a.tar") == {}


@pytest.mark.parametrize("kind", PACK)
def test_a_bomb_is_stopped(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "RATIO_FREE_BYTES", 100_000)
    monkeypatch.setattr(archives, "MAX_RATIO", 10 if kind != "tar" else 0)
    path = tmp_path / "bomb"
    path.write_bytes(PACK[kind]({f"{i}.dcm": DICOM + bytes(50_000) for i in range(100)}))
    problems = [member.problem for member in read_members(path)]
    assert problems[-1] == "archive_bomb"
    assert len(problems) < 5


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_one_huge_member_is_left_out_and_the_others_come(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBER_BYTES", 10_000)
    (tmp_path / "a").write_bytes(PACK[kind]({"1": DICOM, "huge": DICOM + bytes(20_000), "2": DICOM}))
    assert summary(tmp_path / "a") == {"1": "", "huge": "member_too_large", "2": ""}


def test_too_many_members_end_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    (tmp_path / "a").write_bytes(tar({str(i): DICOM for i in range(10)}))
    assert list(summary(tmp_path / "a").values()) == ["", "", "", "too_many_members"]


@pytest.mark.parametrize("kind", PACK)
def test_a_damaged_archive_gives_what_came_before_and_says_so(tmp_path: Path, kind: str) -> None:
    whole = PACK[kind]({f"{i}.dcm": DICOM + bytes(range(256)) * 40 for i in range(20)})
    (tmp_path / "a").write_bytes(whole[: len(whole) // 2])
    problems = [member.problem for member in read_members(tmp_path / "a")]
    assert problems[-1] == "archive_damaged"


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    data = bytearray(zipped({"1.dcm": DICOM}))
    for place in (6, data.index(b"PK\x01\x02") + 8):  # the flags, in both headers
        data[place] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    assert summary(tmp_path / "a.zip") == {"1.dcm": "encrypted"}


def test_a_path_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    assert summary(tmp_path / "nothing") == {"nothing": "unreadable"}


def test_reading_ahead_stops_when_nobody_reads_on() -> None:
    before = threading.active_count()
    endless = read_ahead(lambda: (Member(str(i), bytes(1 << 20)) for i in range(10**9)))
    assert next(endless).name == "0"
    endless.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_an_error_while_reading_ahead_reaches_the_reader() -> None:
    def failing() -> object:
        yield Member("1")
        raise MemoryError

    members = read_ahead(failing)  # type: ignore[arg-type]
    assert next(members).name == "1"
    with pytest.raises(MemoryError):
        next(members)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_that_cannot_be_bounded_is_named(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("1.dcm", DICOM)
    assert summary(tmp_path / "a.zip") == {"1.dcm": "packing_unknown"}


def test_a_zip_that_lies_about_a_size_unpacks_no_more_than_it_says(tmp_path: Path) -> None:
    data = bytearray(zipped({"1.dcm": DICOM + bytes(64 << 20)}))
    place = data.rindex(b"PK\x01\x02") + 24
    data[place : place + 4] = (1000).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(data)
    tracemalloc.start()
    assert summary(tmp_path / "a.zip") == {"1.dcm": "archive_damaged"}
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()


def test_the_holes_of_a_sparse_file_are_not_made(tmp_path: Path) -> None:
    info = tarfile.TarInfo("1.dcm")
    info.size = len(DICOM)
    info.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.size": str(1 << 30),
        "GNU.sparse.numblocks": "1",
        "GNU.sparse.map": f"0,{len(DICOM)}",
    }
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(DICOM))
    assert summary(tmp_path / "a.tar") == {"1.dcm": "member_too_large"}


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "1.dcm").write_bytes(DICOM)
    listing = os.scandir

    def scandir(folder: str) -> object:  # root may list every folder
        if str(folder).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(folder))
        return listing(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert summary(tmp_path) == {"1.dcm": "", "closed/": "unreadable"}
