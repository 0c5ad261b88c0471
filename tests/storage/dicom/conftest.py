from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import pytest

Unpacked = Callable[[str], dict[str, bytes]]


@pytest.fixture(scope="session")
def unpacked(test_data: Path) -> Unpacked:
    """The members of a tar among the real images by their name without folders; .zst is undone."""
    kept: dict[str, dict[str, bytes]] = {}

    def unpack(name: str) -> dict[str, bytes]:
        if name not in kept:
            members: dict[str, bytes] = {}
            with tarfile.open(test_data / name) as archive:
                for member in archive:
                    file = archive.extractfile(member) if member.isreg() else None
                    if file:
                        data = file.read()
                        label = member.name.rsplit("/", 1)[-1]
                        if label.endswith(".zst"):
                            data, label = bytes(imagecodecs.zstd_decode(data)), label.removesuffix(".zst")
                        members[label] = data
            kept[name] = members
        return kept[name]

    return unpack
