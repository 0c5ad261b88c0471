"""Stacks made from written instances, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from storage.blobs import BlobStore
from storage.dicom.header import read_header
from storage.dicom.stacks import Stack, stacks_of

INSTITUTION = 3


@dataclass
class Instance:
    sop_instance_uid: str
    blob_sha256: str
    header: dict[str, Any]


def stack_of(files: Sequence[bytes], blobs: BlobStore | None = None, institution: int = INSTITUTION) -> Stack:
    """The first Stack of these instances, whose bytes are stored when there is a store."""
    instances = []
    for data in files:
        header, identity = read_header(data)
        sha256 = blobs.write(institution, data) if blobs else identity.sop_instance_uid
        instances.append(Instance(identity.sop_instance_uid, sha256, header.to_json()))
    return stacks_of(instances)[0]
