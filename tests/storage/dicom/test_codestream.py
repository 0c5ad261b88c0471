"""Codestreams that cannot give back what was compressed, told by their own markers."""

from __future__ import annotations

import struct
from collections.abc import Callable
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom import dcmread, uid
from pydicom.encaps import encapsulate

from storage.dicom.decoders.codestream import is_irreversible
from storage.dicom.write import write_instance
from tests.storage.dicom.pictures import header, stored

Unpacked = Callable[[str], dict[str, bytes]]
GREY = np.random.default_rng(0).integers(0, 4000, (40, 48)).astype(np.uint16)
BYTES = (GREY >> 4).astype(np.uint8)
COLOUR = np.stack([BYTES] * 3, axis=-1)

IRREVERSIBLE: dict[str, Any] = {
    "baseline": imagecodecs.jpeg8_encode(BYTES, level=95),
    "9-7": imagecodecs.jpeg2k_encode(GREY, level=60, reversible=False, codecformat="j2k"),
    "9-7 in a file format": imagecodecs.jpeg2k_encode(GREY, level=60, reversible=False, codecformat="jp2"),
    "9-7 in colour": imagecodecs.jpeg2k_encode(COLOUR, level=60, reversible=False, codecformat="j2k"),
    "9-7 of high throughput": imagecodecs.htj2k_encode(GREY, level=0.01, reversible=False),
    "JPEG-LS near": imagecodecs.jpegls_encode(GREY, level=1),
    "JPEG-LS near in colour": imagecodecs.jpegls_encode(COLOUR, level=3),
}
REVERSIBLE: dict[str, Any] = {
    "lossless JPEG": imagecodecs.jpeg8_encode(GREY, lossless=True, predictor=1, bitspersample=16),
    "5-3": imagecodecs.jpeg2k_encode(GREY, level=0, reversible=True, codecformat="j2k"),
    "5-3 in colour": imagecodecs.jpeg2k_encode(COLOUR, level=0, reversible=True, codecformat="j2k"),
    "5-3 in tiles": imagecodecs.htj2k_encode(GREY, tile=(16, 16)),
    "5-3 of high throughput": imagecodecs.htj2k_encode(GREY),
    "JPEG-LS": imagecodecs.jpegls_encode(GREY),
    "JPEG-LS in colour": imagecodecs.jpegls_encode(COLOUR),
}


@pytest.mark.parametrize("name", IRREVERSIBLE)
def test_what_rounds_is_irreversible(name: str) -> None:
    assert is_irreversible(bytes(IRREVERSIBLE[name]))


@pytest.mark.parametrize("name", REVERSIBLE)
def test_what_comes_back_bit_for_bit_is_not(name: str) -> None:
    assert not is_irreversible(bytes(REVERSIBLE[name]))


def test_every_tile_and_component_is_asked() -> None:
    plain = bytes(REVERSIBLE["5-3 in tiles"])
    cod = plain.index(b"\xff\x52")
    (length,) = struct.unpack_from(">H", plain, cod + 2)
    rounding = bytearray(plain[cod : cod + 2 + length])
    rounding[13] = 0
    # In the last tile's own header, whose tile part becomes so much longer.
    last = plain.rindex(b"\xff\x90\x00\x0a")
    (part,) = struct.unpack_from(">L", plain, last + 6)
    longer = plain[last : last + 6] + struct.pack(">L", part + len(rounding)) + plain[last + 10 : last + 12]
    assert is_irreversible(plain[:last] + longer + bytes(rounding) + plain[last + 12 :])
    # COC: component 0, no precincts, five levels, blocks of 64, the transformation.
    for transformation, answer in ((0, True), (1, False)):
        coc = b"\xff\x53" + struct.pack(">HBBBBBBB", 9, 0, 0, 5, 4, 4, 0, transformation)
        assert is_irreversible(plain[: cod + 2 + length] + coc + plain[cod + 2 + length :]) is answer


def test_a_point_transform_drops_bits() -> None:
    data = bytearray(REVERSIBLE["lossless JPEG"])
    scan = data.index(b"\xff\xda")
    assert data[scan + 9] == 0
    data[scan + 9] = 2
    assert is_irreversible(bytes(data))


def test_a_marker_within_an_application_segment_is_none() -> None:
    data = bytes(REVERSIBLE["JPEG-LS"])
    thumbnail = b"\xff\xda\x00\x08\x01\x01\x00\x05\x00\x00"
    assert not is_irreversible(data[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(thumbnail)) + thumbnail + data[2:])


@given(st.sampled_from([*IRREVERSIBLE.values(), *REVERSIBLE.values()]), st.integers(0, 400), st.binary(max_size=12))
def test_broken_codestreams_are_answered_too(codestream: bytes, place: int, noise: bytes) -> None:
    data = bytes(codestream)
    assert is_irreversible(data[:place] + noise + data[place + len(noise) :]) in (True, False)
    assert is_irreversible(data[:place]) in (True, False)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xda" * 1000, b"\xff\x4f\xff\x51" + b"\xff\x93" * 1000]
)
def test_what_is_no_codestream_lost_nothing(data: bytes) -> None:
    assert not is_irreversible(data)


def instance(pixels: NDArray[Any], frames: list[bytes], transfer_syntax: str) -> bytes:
    """These codestreams under this transfer syntax, without a word about loss."""
    shown = np.stack([pixels] * len(frames)) if len(frames) > 1 else pixels
    dataset = dcmread(BytesIO(write_instance(shown, 0, uid.RLELossless, {})))
    dataset.PixelData = encapsulate([bytes(frame) + b"\0" * (len(frame) % 2) for frame in frames])
    dataset.file_meta.TransferSyntaxUID = uid.UID(transfer_syntax)
    out = BytesIO()
    dataset.save_as(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "transfer_syntax"),
    [
        ("9-7", uid.JPEG2000),
        ("9-7", uid.JPEG2000Lossless),
        ("9-7 of high throughput", uid.HTJ2K),
        ("9-7 of high throughput", uid.HTJ2KLossless),
        ("JPEG-LS near", uid.JPEGLSNearLossless),
        ("JPEG-LS near", uid.JPEGLSLossless),
    ],
)
def test_an_irreversible_image_is_lossy_whatever_its_transfer_syntax_promises(name: str, transfer_syntax: str) -> None:
    data = instance(GREY, [IRREVERSIBLE[name]], transfer_syntax)
    assert header(data).lossy == "lossy"
    assert not np.array_equal(stored(data), GREY)


@pytest.mark.parametrize(
    ("name", "transfer_syntax"),
    [("5-3", uid.JPEG2000), ("5-3 of high throughput", uid.HTJ2K), ("JPEG-LS", uid.JPEGLSNearLossless)],
)
def test_a_reversible_image_under_a_syntax_that_may_lose_is_not(name: str, transfer_syntax: str) -> None:
    data = instance(GREY, [REVERSIBLE[name]], transfer_syntax)
    assert header(data).lossy == ""
    assert np.array_equal(stored(data), GREY)


def test_one_lossy_frame_makes_the_instance_lossy() -> None:
    frames = [REVERSIBLE["JPEG-LS"], REVERSIBLE["JPEG-LS"], IRREVERSIBLE["JPEG-LS near"]]
    assert header(instance(GREY, frames, uid.JPEGLSLossless)).lossy == "lossy"
    assert header(instance(GREY, frames[:2], uid.JPEGLSLossless)).lossy == ""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_real_copies_are_lossy_exactly_when_their_makers_say_so(unpacked: Unpacked) -> None:
    members = unpacked("07_transfer_syntax_objects/wg04.tar.xz")
    names = [name for name in members if name.endswith(("J2KI", "J2KR", "JLSL", "JLSN", "JPLL", "JPLY"))]
    assert len(names) >= 20
    for name in names:
        assert bool(header(members[name]).lossy) is name.endswith(("J2KI", "JLSN", "JPLY")), name
        dataset = dcmread(BytesIO(members[name]))
        for keyword in ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"):
            if keyword in dataset:
                delattr(dataset, keyword)
        out = BytesIO()
        dataset.save_as(out)
        assert bool(header(out.getvalue()).lossy) is name.endswith(("J2KI", "JLSN", "JPLY")), name
