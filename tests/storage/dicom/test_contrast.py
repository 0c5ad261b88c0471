from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread, uid

from kernels import window
from storage.dicom.contrast import with_contrast
from storage.dicom.equality import read_content
from storage.dicom.header import Header
from storage.dicom.stacks import stacks_of
from storage.dicom.write import write_colour, write_instance
from tests.storage.dicom.pictures import Stored, values

EXPLICIT = uid.ExplicitVRLittleEndian
VALUES = np.arange(10_000, dtype=np.uint16).reshape(100, 100)


def arrived(data: bytes) -> Header:
    content = read_content(data)
    return with_contrast(content.header, content.frame)


def image(array: NDArray[Any] = VALUES, transfer_syntax: str = EXPLICIT, **attributes: Any) -> bytes:
    return write_instance(array, 0, transfer_syntax, {"Modality": "MR", **attributes})


@pytest.mark.parametrize("transfer_syntax", [EXPLICIT, uid.JPEGLSLossless])
def test_an_image_without_a_window_gets_one_that_shows_nearly_all_of_it(transfer_syntax: str) -> None:
    found = arrived(image(transfer_syntax=transfer_syntax, RescaleSlope=2, RescaleIntercept=-100))
    assert found.contrast is not None
    centre, width = found.contrast
    # Values from -100 to 19898 in equal numbers: half a percent is 100 of them.
    assert (centre - width / 2, centre + width / 2) == pytest.approx((0, 19798), abs=3)
    (stack,) = stacks_of([Stored("1.2", "0" * 64, json.loads(json.dumps(found.to_json())))])
    assert stack.windows == [[centre, width, "0.5–99.5 %"]]


def test_the_middle_frame_decides() -> None:
    frames = np.stack([VALUES * 0, VALUES * 0 + 500, VALUES * 0 + 50])
    assert arrived(image(frames, Modality="XA")).contrast == [500.5, 2.0]


@pytest.mark.parametrize(
    "data",
    [
        image(WindowCenter=40, WindowWidth=400),
        image(Modality="CT", SOPClassUID=uid.CTImageStorage, RescaleSlope=1, RescaleIntercept=0),
        image(VALUES.astype(np.uint8), Modality="US"),
        write_colour(np.zeros((8, 8, 3), np.uint8)),
        write_instance(None, 0, EXPLICIT, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11"}),
    ],
    ids=["has a window", "Hounsfield units", "ready to show", "colour", "no pixels"],
)
def test_what_needs_none_gets_none(data: bytes) -> None:
    assert arrived(data).contrast is None


def test_pixels_that_cannot_be_decoded_arrive_all_the_same() -> None:
    content = read_content(image())

    def broken(frame: int) -> NDArray[Any]:
        raise ValueError(frame)

    assert with_contrast(content.header, broken) == content.header


def test_values_that_are_no_numbers_make_no_window() -> None:
    content = read_content(image(RescaleSlope=0.5))
    assert with_contrast(content.header, lambda _: np.full((100, 100), np.nan)).contrast is None


def floats(array: NDArray[Any], padding: float | None = None) -> bytes:
    """A parametric map: floating-point pixels."""
    dataset = dcmread(BytesIO(image(np.zeros(array.shape, np.uint16))))
    del dataset.PixelData, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation
    dataset.BitsAllocated, dataset.FloatPixelData = 32, array.astype("<f4").tobytes()
    if padding is not None:
        dataset.FloatPixelPaddingValue = padding
    stream = BytesIO()
    dataset.save_as(stream)
    return stream.getvalue()


def greys(data: bytes) -> NDArray[Any]:
    """A picture as its stack opens, by the formula of the kernels."""
    (stack,) = stacks_of([Stored("1.2", "0" * 64, json.loads(json.dumps(arrived(data).to_json())))])
    [[centre, width, _]] = stack.windows
    assert stack.window_function in ("LINEAR", "LINEAR_EXACT")
    return window.reference(values(data).astype(np.float32), centre, width, False, stack.window_function)


@pytest.mark.parametrize("most", [0.003, 1, 4e5])
def test_floating_point_maps_open_from_black_to_white(most: float) -> None:
    ramp = np.linspace(0, most, 10_000, dtype=np.float32).reshape(100, 100)
    share = np.clip((ramp / most - 0.005) / 0.99, 0, 1)
    assert np.abs(greys(floats(ramp)).astype(float) - 255 * share).max() <= 1


def test_a_small_slope_opens_from_black_to_white_too() -> None:
    # Diffusion in mm²/s out of whole numbers.
    assert (greys(image(RescaleSlope="1e-6", RescaleIntercept=0))[[0, -1], [0, -1]] == [0, 255]).all()


@pytest.mark.parametrize("padding", [-9999.0, -3.4028234663852886e38, np.nan])
def test_padding_of_floating_point_pixels_is_no_value(padding: float) -> None:
    ramp = np.linspace(-1, 1, 10_000, dtype=np.float32).reshape(100, 100)
    ramp[:20] = padding
    data = floats(ramp, None if np.isnan(padding) else padding)
    if not np.isnan(padding):
        assert (values(data)[:20] == ramp[20:].min()).all() and (values(data)[20:] == ramp[20:]).all()
    contrast = arrived(data).contrast
    assert contrast is not None
    assert (contrast[0] - contrast[1] / 2, contrast[0] + contrast[1] / 2) == pytest.approx((-0.6, 1), abs=0.03)


def test_padding_of_floating_point_pixels_that_could_be_measured_stays() -> None:
    ramp = np.linspace(-1, 1, 100, dtype=np.float32).reshape(10, 10)
    assert np.array_equal(values(floats(ramp, float(ramp[5, 5]))), ramp)
    masked = np.where(ramp > 0.5, ramp, 0).astype(np.float32)
    assert np.array_equal(values(floats(masked, 0.0)), masked)
