from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom import dcmread, uid
from pydicom.filebase import DicomBytesIO

from storage.blobs import BlobStore
from storage.dicom.masks import NOTHING, Masks, has_masks, read_masks
from storage.dicom.stacks import stacks_of
from storage.dicom.write import write_instance
from tests.storage.dicom.pictures import Stored, header, ramp

EXPLICIT = uid.ExplicitVRLittleEndian


def packed(bits: NDArray[Any]) -> bytes:
    data = np.packbits(bits.astype(np.uint8).ravel(), bitorder="little").tobytes()
    return data + b"\0" * (len(data) % 2)


def overlay(bits: NDArray[Any], *, group: int = 0x6000, origin: list[int] | None = None, **more: Any) -> dict[str, Any]:
    """The elements of one overlay plane, [y, x] or [frame, y, x]."""
    rows, columns = bits.shape[-2:]
    elements: dict[int, tuple[str, Any]] = {
        0x10: ("US", rows),
        0x11: ("US", columns),
        0x40: ("CS", more.get("kind", "G")),
        0x50: ("SS", origin or [1, 1]),
        0x100: ("US", 1),
        0x102: ("US", 0),
        0x3000: ("OW", packed(bits)),
    }
    if bits.ndim == 3:
        elements |= {0x15: ("IS", len(bits)), 0x51: ("US", more.get("first", 1))}
    return {(group << 16) + element: value for element, value in elements.items()}


def masks(data: bytes, folder: Path, frame: int = 0) -> Masks:
    """What is drawn over a frame of the instance, which goes through the store."""
    blobs = BlobStore(folder)
    found = header(data)
    (stack,) = stacks_of([Stored("1", blobs.write(1, data), found.to_json())])
    source = stack.frames[frame]
    assert has_masks(source) == bool(found.overlays)
    return read_masks(blobs, 1, source)


def drawn(data: bytes, folder: Path, frame: int = 0) -> NDArray[np.bool_]:
    mask = masks(data, folder, frame).overlay
    assert mask is not None and set(np.unique(mask)) <= {0, 255}
    return mask > 0


def noise(*shape: int) -> NDArray[np.bool_]:
    return np.random.default_rng(sum(shape)).random(shape) < 0.3


@pytest.mark.parametrize(
    "transfer_syntax",
    [
        uid.ImplicitVRLittleEndian,
        EXPLICIT,
        uid.ExplicitVRBigEndian,
        uid.DeflatedExplicitVRLittleEndian,
        uid.RLELossless,
        uid.JPEG2000Lossless,
    ],
)
@pytest.mark.parametrize("kind", ["G", "R"])
def test_a_plane_of_its_own_lies_over_the_image_bit_for_bit(transfer_syntax: str, kind: str, tmp_path: Path) -> None:
    bits = noise(13, 21)
    elements = overlay(bits, kind=kind)
    if transfer_syntax == uid.ExplicitVRBigEndian:
        words = np.frombuffer(packed(bits), "<u2").astype(">u2").tobytes()
        elements[0x60003000] = ("OW", words)
    data = write_instance(ramp(13, 21), 0, transfer_syntax, elements)
    assert np.array_equal(drawn(data, tmp_path), bits)


def test_planes_are_what_pydicom_reads(tmp_path: Path) -> None:
    bits = noise(3, 11, 7)
    data = write_instance(ramp(11, 7)[None].repeat(3, axis=0), 0, EXPLICIT, overlay(bits))
    truth = dcmread(DicomBytesIO(data)).overlay_array(0x6000)
    for frame in range(3):
        assert np.array_equal(drawn(data, tmp_path, frame), truth[frame])


@settings(max_examples=60)
@given(
    top=st.integers(-30, 30),
    left=st.integers(-30, 30),
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
)
def test_a_plane_lies_where_its_origin_says_and_is_cut_at_the_image(
    top: int, left: int, rows: int, columns: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    truth = np.zeros((200, 200), bool)
    truth[100 + top - 1 : 100 + top - 1 + rows, 100 + left - 1 : 100 + left - 1 + columns] = True
    truth = truth[100:116, 100:118]
    elements = overlay(np.ones((rows, columns)), origin=[top, left])
    data = write_instance(ramp(16, 18), 0, EXPLICIT, elements)
    mask = masks(data, tmp_path_factory.mktemp("blobs")).overlay
    assert np.array_equal(np.zeros_like(truth) if mask is None else mask > 0, truth)


def test_frames_of_an_overlay_belong_to_the_image_frames_from_their_origin_on(tmp_path: Path) -> None:
    bits = noise(2, 5, 5)
    data = write_instance(ramp(5, 5)[None].repeat(4, axis=0), 0, EXPLICIT, overlay(bits, first=2))
    assert masks(data, tmp_path, 0) == NOTHING and masks(data, tmp_path, 3) == NOTHING
    assert np.array_equal(drawn(data, tmp_path, 1), bits[0])
    assert np.array_equal(drawn(data, tmp_path, 2), bits[1])


def test_one_plane_of_a_cine_lies_over_every_frame(tmp_path: Path) -> None:
    bits = noise(5, 5)
    data = write_instance(ramp(5, 5)[None].repeat(3, axis=0), 0, EXPLICIT, overlay(bits))
    assert all(np.array_equal(drawn(data, tmp_path, frame), bits) for frame in range(3))


def test_several_groups_are_drawn_together(tmp_path: Path) -> None:
    first, last = noise(9, 9), noise(9, 10)[:, :9]
    elements = {**overlay(first), **overlay(last, group=0x601E)}
    assert np.array_equal(drawn(write_instance(ramp(9, 9), 0, EXPLICIT, elements), tmp_path), first | last)


@pytest.mark.parametrize("transfer_syntax", [EXPLICIT, uid.ExplicitVRBigEndian, uid.RLELossless])
@pytest.mark.parametrize("signed", [False, True])
def test_a_plane_in_an_unused_bit_of_the_pixels_is_drawn_and_no_part_of_a_value(
    transfer_syntax: str, signed: bool, tmp_path: Path
) -> None:
    from tests.storage.dicom.pictures import stored

    bits = noise(8, 10)
    image = np.random.default_rng(3).integers(0, 2048, (8, 10)).astype(np.uint16)
    words = (image | bits.astype(np.uint16) << 14).view(np.int16 if signed else np.uint16)
    elements = {
        "BitsStored": 12,
        0x60000010: ("US", 8),
        0x60000011: ("US", 10),
        0x60000040: ("CS", "G"),
        0x60000050: ("SS", [1, 1]),
        0x60000100: ("US", 16),
        0x60000102: ("US", 14),
    }
    data = write_instance(words, 0, transfer_syntax, elements)
    assert np.array_equal(stored(data), image)
    assert np.array_equal(drawn(data, tmp_path), bits)


@pytest.mark.parametrize("bit", [0, 11, 16, 40])
def test_a_bit_that_pixels_use_or_words_do_not_have_is_no_overlay(bit: int) -> None:
    elements = {"BitsStored": 12, 0x60000010: ("US", 8), 0x60000011: ("US", 10), 0x60000102: ("US", bit)}
    assert header(write_instance(ramp(8, 10), 0, EXPLICIT, elements)).overlays == []


@pytest.mark.parametrize(
    "change",
    [
        {0x60000010: ("US", 60000)},  # more rows than bits
        {0x60000010: ("US", 0)},
        {0x60000015: ("IS", 1000000)},
        {0x60000050: ("SS", [32767, 1])},  # beyond the image
        {0x60000050: ("SS", [-32768, 1])},
        {0x60003000: ("OW", b"")},
    ],
)
def test_planes_that_make_no_sense_are_left_out_and_the_image_stays(change: dict[int, Any]) -> None:
    elements = {**overlay(noise(8, 10)), **change}
    found = header(write_instance(ramp(8, 10), 0, EXPLICIT, elements))
    assert found.overlays == [] and found.pixels is not None


def test_images_without_overlays_ask_for_nothing(tmp_path: Path) -> None:
    assert masks(write_instance(ramp(4, 4), 0, EXPLICIT, {}), tmp_path) == NOTHING
