"""The demo study is made once, whatever else its institution has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from farview import demo
from storage.arrival import Arrival, Outcome
from storage.blobs import BlobStore
from storage.database import Database, DatabaseTarget
from storage.dicom.write import write_series
from storage.home import Home
from storage.institutions import find_or_create_institution


@pytest.mark.slow
async def test_other_images_of_the_institution_do_not_count_as_the_demo(
    database: Database, database_target: DatabaseTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "SLICES", 8)
    monkeypatch.setattr(demo, "SIDE", 32)
    home = Home(tmp_path / "home", tmp_path / "run")
    async with database.plain() as connection:
        institution = await find_or_create_institution(connection, demo.INSTITUTION)
    others = list(write_series(np.zeros((12, 8, 8), np.int16), np.eye(4), seed="somebody's own"))
    outcomes = await Arrival(database, BlobStore(home.blobs)).receive_all(others, institution.id, "import")
    assert set(outcomes) == {Outcome.NEW}
    for _ in range(2):
        await demo.make(home, database_target)
        async with database.acting([institution.id]) as connection:
            assert await connection.fetchval("SELECT count(*) FROM instances") == 12 + 8
    assert len(list(home.volumes.rglob("*.volume"))) == 1
