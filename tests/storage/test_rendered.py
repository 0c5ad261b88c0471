from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from storage.blobs import BlobStore
from storage.dicom.stacks import stacks_of
from storage.dicom.write import write_colour, write_projection, write_series
from storage.rendered import shrink, thumbnail, to_grey
from tests.storage.dicom.pictures import Stored, instances


def picture(files: list[bytes], folder: Path, side: int = 64) -> NDArray[Any]:
    """The decoded thumbnail of the only stack in these files."""
    blobs = BlobStore(folder)
    arrived = [
        Stored(one.sop_instance_uid, blobs.write(1, data), one.header)
        for one, data in zip(instances(files), files, strict=True)
    ]
    (stack,) = stacks_of(arrived)
    jpeg = thumbnail(blobs, 1, stack, side)
    return np.asarray(simplejpeg.decode_jpeg(jpeg, "RGB" if stack.colour else "GRAY"))


def test_the_middle_slice_is_shown_in_its_window(tmp_path: Path) -> None:
    volume = np.full((5, 128, 128), -1000, np.int16)
    volume[2, :, 64:] = 40  # the window's centre
    grey = picture(list(write_series(volume, np.diag([1, 1, 2, 1.0]))), tmp_path)
    assert grey.shape == (64, 64, 1)
    assert abs(int(grey[32, 10, 0]) - 0) <= 3
    assert abs(int(grey[32, 50, 0]) - 128) <= 3


def test_monochrome1_is_shown_inverted(tmp_path: Path) -> None:
    image = np.zeros((64, 64), np.uint16)
    image[:, 32:] = 4000
    attributes = {"WindowCenter": 2000, "WindowWidth": 4000}
    grey = picture([write_projection(image, attributes=attributes)], tmp_path)
    assert grey[32, 8, 0] > 250
    assert grey[32, 56, 0] < 5


def test_a_picture_without_a_window_uses_its_own_range(tmp_path: Path) -> None:
    image = np.full((64, 64), 1000, np.uint16)
    image[:, 32:] = 3000
    attributes = {"PhotometricInterpretation": "MONOCHROME2"}
    grey = picture([write_projection(image, attributes=attributes)], tmp_path)
    assert grey[32, 8, 0] < 5
    assert grey[32, 56, 0] > 250


def test_colour_stays_colour(tmp_path: Path) -> None:
    image = np.zeros((80, 40, 3), np.uint8)
    image[..., 0] = 200
    colours = picture([write_colour(image)], tmp_path)
    assert colours.shape == (64, 32, 3)
    assert np.abs(colours[32, 16].astype(int) - [200, 0, 0]).max() < 6


def test_pixels_that_are_not_square_are_shown_square(tmp_path: Path) -> None:
    attributes = {"PixelSpacing": [2.0, 1.0]}
    grey = picture([write_projection(np.zeros((50, 100), np.uint16), attributes=attributes)], tmp_path)
    assert grey.shape[:2] == (64, 64)


def test_shrinking_averages() -> None:
    board = np.indices((64, 64)).sum(axis=0) % 2 * 1000
    assert np.abs(shrink(board.astype(np.int16), 16) - 500).max() == 0


def test_the_linear_window_is_that_of_the_standard() -> None:
    """PS3.3 C.11.2.1.2.1, its own example: centre 2048, width 4096 maps 0…4095 onto 0…255."""
    values = np.array([[-100, 0, 4095, 5000]], np.float32)
    assert to_grey(values, 2048, 4096, inverted=False).tolist() == [[0, 0, 255, 255]]
    assert to_grey(values, 2048, 4096, inverted=True).tolist() == [[255, 255, 0, 0]]
    assert to_grey(np.array([[0, 1]], np.float32), 1, 1, inverted=False).tolist() == [[0, 255]]


def test_the_function_of_the_window_is_the_image_s_own() -> None:
    values = np.array([[-1e9, -50, 0, 50, 1e9]], np.float32)
    # PS3.3 C.11.2.1.3: 255 / (1 + exp(-4 (x - c) / w)), and exp(-2) at half the width from the centre.
    edge = 255 / (1 + math.exp(-2))
    sigmoid = to_grey(values, 0, 100, inverted=False, function="SIGMOID")
    assert sigmoid.tolist() == [[0, round(255 - edge), 128, round(edge), 255]]
    exact = to_grey(np.array([[-50, -25, 25, 50]], np.float32), 0, 100, inverted=False, function="LINEAR_EXACT")
    assert exact.tolist() == [[0, 64, 191, 255]]


def test_a_thumbnail_follows_the_function_of_its_image(tmp_path: Path) -> None:
    image = np.full((64, 64), 3000, np.uint16)
    window = {"WindowCenter": 2000, "WindowWidth": 2000, "PhotometricInterpretation": "MONOCHROME2"}
    linear = picture([write_projection(image, attributes=window)], tmp_path)
    sigmoid = picture([write_projection(image, attributes={**window, "VOILUTFunction": "SIGMOID"})], tmp_path)
    assert (int(linear[32, 32, 0]), int(sigmoid[32, 32, 0])) == (255, round(255 / (1 + math.exp(-2))))


def test_a_thumbnail_follows_the_voi_table_that_comes_first(tmp_path: Path) -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [3, 1000, 8])
    item.add_new("LUTData", "US", [10, 200, 90])
    image = np.full((64, 64), 1001, np.uint16)
    grey = picture([write_projection(image, attributes={"VOILUTSequence": [item]})], tmp_path)
    assert abs(int(grey[32, 32, 0]) - (255 - 200)) <= 2  # MONOCHROME1
    window = {"VOILUTSequence": [item], "WindowCenter": 1001, "WindowWidth": 1}
    assert picture([write_projection(image, attributes=window)], tmp_path)[32, 32, 0] == 0


def test_a_thumbnail_hides_what_the_shutter_hides(tmp_path: Path) -> None:
    shutter = {
        "ShutterShape": "RECTANGULAR",
        "ShutterLeftVerticalEdge": 33,
        "ShutterRightVerticalEdge": 64,
        "ShutterUpperHorizontalEdge": 1,
        "ShutterLowerHorizontalEdge": 64,
    }
    white = {"WindowCenter": 10, "WindowWidth": 2, "PhotometricInterpretation": "MONOCHROME2"}
    grey = picture([write_projection(np.full((64, 64), 99, np.uint16), attributes=white | shutter)], tmp_path)
    assert grey[32, 16, 0] < 3 and grey[32, 48, 0] > 252
    colours = picture([write_colour(np.full((64, 64, 3), 200, np.uint8), attributes=shutter)], tmp_path)
    assert colours[32, 16].max() < 3 and colours[32, 48].min() > 190
