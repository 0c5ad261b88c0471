"""An api over a real, fresh database, with people of two institutions and a renderer that repeats what it hears."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from api.app import application
from api.settings import Settings
from storage.blobs import BlobStore
from storage.database import Database, DatabaseTarget
from storage.dicom.header import read_header
from storage.dicom.write import write_series
from storage.home import Home
from storage.instances import NewInstance, Patient, Series, Study, insert_instances, place
from storage.institutions import find_or_create_institution
from storage.users import create_user, grant

PASSWORD = "Correct-horse-7"
LOGIN = "reader"


@dataclass
class House:
    """The database behind the api, and what is in it."""

    database: Database
    home: Home
    client: TestClient[web.Request, web.Application]
    studies: dict[str, int] = field(default_factory=dict)  # institution → its one study
    series: dict[str, int] = field(default_factory=dict)

    async def sign_in(self, login: str = LOGIN, password: str = PASSWORD) -> None:
        response = await self.client.post("/api/sign-in", json={"login": login, "password": password})
        assert response.status == 200, await response.text()


async def add_person(database: Database, login: str, *institutions: str, must_change_password: bool = False) -> None:
    async with database.plain() as connection:
        user = await create_user(connection, login, PASSWORD, must_change_password=must_change_password)
        for name in institutions:
            owner = await find_or_create_institution(connection, name)
            await grant(connection, user.id, owner.id, "reader")


async def add_study(house: House, institution: str, slices: int = 4) -> None:
    """A small CT of one institution, its bytes in the blob store."""
    async with house.database.plain() as connection:
        owner = await find_or_create_institution(connection, institution)
    blobs = BlobStore(house.home.blobs)
    array = np.arange(slices * 8 * 8, dtype=np.int16).reshape(slices, 8, 8)
    affine = np.diag([0.7, 0.7, 2.5, 1.0])
    async with house.database.acting([owner.id]) as connection:
        new, series_id = [], 0
        for data in write_series(array, affine, seed=institution):
            header, identity = read_header(data)
            patient = Patient(patient_id="P1", name=f"Patient^{institution}")
            study = Study(study_instance_uid=identity.study_instance_uid, description="Chest")
            series = Series(series_instance_uid=identity.series_instance_uid, number=1, modality="CT")
            series_id = await place(connection, owner.id, patient, study, series) or 0
            new.append(
                NewInstance(
                    series_id=series_id,
                    sop_instance_uid=identity.sop_instance_uid,
                    sop_class_uid=identity.sop_class_uid,
                    instance_number=identity.instance_number,
                    transfer_syntax_uid=header.transfer_syntax_uid,
                    blob_sha256=blobs.write(owner.id, data),
                    size_bytes=len(data),
                    dataset_sha256=hashlib.sha256(data).hexdigest(),
                    header=header.to_json(),
                )
            )
        await insert_instances(connection, owner.id, new)
        house.series[institution] = series_id
        house.studies[institution] = await connection.fetchval("SELECT study_id FROM series WHERE id = $1", series_id)


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A page as the viewer's build leaves it."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Farview</title>")
    (folder / "assets" / "main-abc123.js").write_text("console.log(1)")
    (folder / "assets" / "main-abc123.js.gz").write_bytes(b"gzipped")
    return folder


@pytest_asyncio.fixture
async def house(
    database: Database, database_target: DatabaseTarget, open_folder: Path, tmp_path: Path, static: Path
) -> AsyncIterator[House]:
    """Hospitals A and B with a study each, a reader of A, and a client of the api without a session."""
    home = Home(tmp_path / "home", tmp_path / "run")
    home.prepare()
    app = application(Settings(home.path, home.runtime, database_target), static)
    async with TestClient(TestServer(app)) as client:
        house = House(database, home, client)
        await add_person(database, LOGIN, "A")
        await add_study(house, "A")
        await add_study(house, "B")
        yield house
