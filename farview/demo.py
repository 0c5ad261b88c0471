"""`python -m farview.demo`: the demo study, a phantom in an institution of its own. Made once; again does nothing."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import numpy as np

from clinical.phantoms.body import body
from renderd.assemble import build_volume_file
from storage.arrival import Arrival, Outcome
from storage.blobs import BlobStore
from storage.database import Database, DatabaseTarget
from storage.dicom.stacks import stacks_of
from storage.dicom.write import write_series
from storage.home import Home
from storage.institutions import find_or_create_institution
from storage.studies import find_studies, find_study

INSTITUTION = "Demo"
SLICES, SIDE, SEED = 160, 256, 7
BATCH = 40  # instances in one transaction


async def make(home: Home, target: DatabaseTarget) -> None:
    """See that the demo study is there, its volume file included. A killed attempt is finished by the next one."""
    database = await Database.connect(target, size=2)
    blobs = BlobStore(home.blobs)
    try:
        async with database.plain() as connection:
            institution = await find_or_create_institution(connection, INSTITUTION)
        if await _count(database, institution.id) < SLICES:
            array, spacing = await asyncio.to_thread(body, SLICES, SIDE, SEED)
            # Head first supine: x to the patient's left, y to the back, z to the head. The origin is in the middle.
            affine = np.diag([*spacing, 1.0])
            affine[:3, 3] = -(np.array(array.shape[::-1]) - 1) * spacing / 2
            instances = list(write_series(array, affine, seed=("demo", SEED), attributes={"BodyPartExamined": "CHEST"}))
            arrival = Arrival(database, blobs)
            for start in range(0, SLICES, BATCH):
                for outcome in await arrival.receive_all(instances[start : start + BATCH], institution.id, "demo"):
                    if not isinstance(outcome, Outcome):
                        raise outcome
        async with database.acting([institution.id]) as connection:
            studies, _ = await find_studies(connection)
            series = [one for study in studies for one in (await find_study(connection, study.id))[1]]
        for stack in (stack for one in series for stack in stacks_of(one.instances)):
            await asyncio.to_thread(build_volume_file, home, blobs, institution.id, stack)
    finally:
        await database.close()


async def _count(database: Database, institution_id: int) -> int:
    async with database.acting([institution_id]) as connection:
        studies, _ = await find_studies(connection)
    return sum(study.images for study in studies)


def main() -> int:
    home = Home(Path(os.environ["FARVIEW_HOME"]), Path(os.environ["FARVIEW_RUNTIME"]))
    target = DatabaseTarget(os.environ["FARVIEW_DATABASE_APPLICATION"])
    asyncio.run(make(home, target))
    return 0


if __name__ == "__main__":
    sys.exit(main())
