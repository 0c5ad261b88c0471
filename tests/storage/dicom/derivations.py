"""Series derived from written instances, without a Volume: the values are the test's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from storage.dicom.derived import Derivation, DerivedSeries, sources_of
from storage.dicom.scaling import Scaling
from storage.dicom.stacks import Stack, stacks_of
from tests.storage.dicom.pictures import instances

DERIVATION = Derivation(
    series_instance_uid="2.25.77",
    series_number=101,
    description="Coronal",
    projection="max",
    orientation=(1.0, 0.0, 0.0, 0.0, 0.0, -1.0),
    spacing=(0.5, 0.75),
    thickness_mm=10.0,
    spacing_mm=5.0,
    count=3,
    made_at=datetime(2026, 3, 4, 22, 30, tzinfo=UTC),
)
PLAIN = Scaling(1.0, 0.0, True, -2048)
VALUES = np.arange(12, dtype=np.float32).reshape(3, 4)
EVERYWHERE = np.ones((3, 4), bool)


def derive(files: list[bytes], stack: int = 0, scaling: Scaling = PLAIN, **changes: Any) -> tuple[DerivedSeries, Stack]:
    """The series that is derived from one of the Stacks of these instances."""
    found = stacks_of(instances(files))[stack]
    sources = sources_of(found, lambda frame: files[int(frame.blob_sha256, 16)])
    return DerivedSeries(found, sources, scaling, replace(DERIVATION, **changes)), found


def first_of(
    files: list[bytes],
    values: NDArray[np.float32] = VALUES,
    inside: NDArray[np.bool_] = EVERYWHERE,
    **how: Any,
) -> bytes:
    """The first instance of that series."""
    series, stack = derive(files, **how)
    return series.instance(1, (10.0, -20.0, 30.5), values, inside, stack.frames)


def read(data: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(data))
