"""Display shutters (PS3.3 C.7.6.11 and C.7.6.15): which pixels of an image are hidden, and behind what grey."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from storage.dicom.elements import integer_of, numbers_of, texts_of, values_of

MAX_CORNERS = 1024
FARTHEST = 1e6  # pixels from the image's corner; beyond that it is no place
_EDGES = ("UpperHorizontal", "LowerHorizontal", "LeftVertical", "RightVertical")

# Rectangle [upper, lower, left, right], circle [row, column, radius], polygon [row, column, row, column …], all counted
# from 1 as in DICOM; overlay: the group whose bits hide; grey: 0 to 255. A shape that is not there has no key.
Shutter = dict[str, Any]


def read_shutter(dataset: Dataset) -> Shutter | None:
    """The shutter of an image or of one item of functional groups, as JSON holds it."""
    shapes = {shape.upper() for shape in texts_of(dataset, "ShutterShape")}
    shutter: Shutter = {}
    if "RECTANGULAR" in shapes:
        edges = [integer_of(dataset, f"Shutter{edge}Edge") for edge in _EDGES]
        if None not in edges:
            shutter["rectangle"] = edges
    if "CIRCULAR" in shapes:
        centre = numbers_of(dataset, "CenterOfCircularShutter", 2)
        radius = integer_of(dataset, "RadiusOfCircularShutter")
        if centre and _near(centre) and radius and radius > 0:
            shutter["circle"] = [*centre, radius]
    if "POLYGONAL" in shapes:
        count = len(values_of(dataset, "VerticesOfThePolygonalShutter"))
        corners = numbers_of(dataset, "VerticesOfThePolygonalShutter", count) if count <= 2 * MAX_CORNERS else []
        if len(corners) >= 6 and len(corners) % 2 == 0 and _near(corners):
            shutter["polygon"] = corners
    group = integer_of(dataset, "ShutterOverlayGroup")
    if "BITMAP" in shapes and group:
        shutter["overlay"] = group
    if not shutter:
        return None
    value = integer_of(dataset, "ShutterPresentationValue") or 0  # a P-value of 16 bits, 0 is black
    return shutter | {"grey": min(max(value, 0), 0xFFFF) // 257}


def _near(numbers: list[float]) -> bool:
    return all(abs(number) <= FARTHEST for number in numbers)


def hidden(shutter: Shutter, rows: int, columns: int, aspect: float) -> NDArray[np.bool_]:
    """Where the shapes hide the image, [rows, columns]: what is outside of any of them. Its edges are not hidden.

    aspect: height of a pixel over its width; the radius of a circle counts pixel widths.
    """
    hides = np.zeros((rows, columns), bool)
    y, x = np.arange(1, rows + 1)[:, None], np.arange(1, columns + 1)[None, :]
    if edges := shutter.get("rectangle"):
        upper, lower, left, right = edges
        hides |= (y < upper) | (y > lower) | (x < left) | (x > right)
    if circle := shutter.get("circle"):
        row, column, radius = circle
        hides |= ((y - row) * aspect) ** 2 + (x - column) ** 2 > (radius + 0.5) ** 2
    if corners := shutter.get("polygon"):
        hides |= ~_inside(np.reshape(corners, (-1, 2)), rows, columns)
    return hides


def _inside(corners: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.bool_]:
    """Which pixel centres lie in a polygon of (row, column) from 1, by the even-odd rule, its border included."""
    inside = np.zeros((rows, columns), bool)
    y0, x0 = corners[:, 0], corners[:, 1]
    y1, x1 = np.roll(y0, -1), np.roll(x0, -1)
    for row in range(rows):
        y = row + 1
        crosses = (y0 <= y) != (y1 <= y)
        if crosses.any():
            share = (y - y0[crosses]) / (y1[crosses] - y0[crosses])
            at = np.sort(x0[crosses] + share * (x1[crosses] - x0[crosses]))
            for left, right in zip(at[::2], at[1::2], strict=False):
                inside[row, max(0, int(np.ceil(left)) - 1) : max(0, int(np.floor(right)))] = True
        # A horizontal edge, or a tip, crosses no row and is border all the same.
        for i in np.flatnonzero(y0 == y):
            left, right = sorted((x0[i], x1[i] if y1[i] == y else x0[i]))
            inside[row, max(0, int(np.ceil(left)) - 1) : max(0, int(np.floor(right)))] = True
    return inside
