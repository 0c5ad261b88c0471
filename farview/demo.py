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
from storage.dicom.write import uid_of, write_series
from storage.home import Home
from storage.institutions import find_or_create_institution
from storage.rereading import with_current_headers
from storage.studies import find_study

INSTITUTION = "Demo"
SLICES, SIDE, SEED = 160, 256, 7
UIDS = ("demo", SEED)  # what the study's UIDs are made from
BATCH = 40  # instances in one transaction

STUDY = "SELECT id FROM studies WHERE study_instance_uid = $1"
# Of this study alone: people may put their own images into the institution.
IMAGES = """
    SELECT count(*)
      FROM instances
      JOIN series ON series.id = instances.series_id
      JOIN studies ON studies.id = series.study_id
     WHERE studies.study_instance_uid = $1
"""


async def make(home: Home, target: DatabaseTarget) -> None:
    """See that the demo study is there, its volume file included. A killed attempt is finished by the next one."""
    database = await Database.connect(target, size=2)
    blobs = BlobStore(home.blobs)
    try:
        async with database.plain() as connection:
            institution = await find_or_create_institution(connection, INSTITUTION)
        async with database.acting([institution.id]) as connection:
            images = await connection.fetchval(IMAGES, uid_of(UIDS, "study"))
        if images < SLICES:
            array, spacing = await asyncio.to_thread(body, SLICES, SIDE, SEED)
            # Head first supine: x to the patient's left, y to the back, z to the head. The origin is in the middle.
            affine = np.diag([*spacing, 1.0])
            affine[:3, 3] = -(np.array(array.shape[::-1]) - 1) * spacing / 2
            instances = list(write_series(array, affine, seed=UIDS, attributes={"BodyPartExamined": "CHEST"}))
            arrival = Arrival(database, blobs)
            for start in range(0, SLICES, BATCH):
                for outcome in await arrival.receive_all(instances[start : start + BATCH], institution.id, "demo"):
                    if not isinstance(outcome, Outcome):
                        raise outcome
        async with database.acting([institution.id]) as connection:
            _, stored = await find_study(connection, await connection.fetchval(STUDY, uid_of(UIDS, "study")))
        series = await with_current_headers(database, blobs, stored)
        for stack in (stack for one in series for stack in stacks_of(one.instances)):
            await asyncio.to_thread(build_volume_file, home, blobs, institution.id, stack)
    finally:
        await database.close()


def main() -> int:
    home = Home(Path(os.environ["FARVIEW_HOME"]), Path(os.environ["FARVIEW_RUNTIME"]))
    target = DatabaseTarget(os.environ["FARVIEW_DATABASE_APPLICATION"])
    asyncio.run(make(home, target))
    return 0


if __name__ == "__main__":
    sys.exit(main())
