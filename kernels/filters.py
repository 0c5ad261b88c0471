"""The filters that a reader may choose, by name, and what their amounts may be.

Lengths are millimetres, so that zooming does not change what is filtered. A length that is less than a third of a pixel
leaves the picture as it is: there is nothing of that size in it. One of more than 100 pixels is taken as that many: 5
mm where a millimetre is 20 pixels. A median's radius alone is pixels of the picture.
A new filter is one file and one entry of `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels import picture_bilateral, picture_clahe, picture_gamma, picture_gaussian, picture_unsharp
from kernels.errors import InvalidParameter
from kernels.picture_bilateral import bilateral
from kernels.picture_clahe import clahe
from kernels.picture_edge import edge
from kernels.picture_gamma import gamma
from kernels.picture_gaussian import gaussian
from kernels.picture_median import MOST_RADIUS, median
from kernels.picture_threshold import threshold
from kernels.picture_unsharp import unsharp
from kernels.pixels import MOST, amount

Pixels = NDArray[np.float32]

TOO_SMALL = 1 / 3  # pixels: a Gaussian that narrow gives a neighbour a hundredth of the weight
LEAST_MM, MOST_MM = 0.01, 100.0


class Amount(NamedTuple):
    """What is taken where nobody says, the least and the most; `is_whole`: only whole numbers."""

    usual: float
    least: float
    most: float
    is_whole: bool = False


class Target(NamedTuple):
    """What else a filter may depend on: the size of a pixel, and the window's lower and upper end."""

    pixel_mm: float
    low: float
    high: float

    def pixels(self, length_mm: float, most: float) -> float | None:
        """A length in pixels, at most so many; None: too little to see."""
        length = length_mm / self.pixel_mm
        return None if length < TOO_SMALL else min(length, most)

    @property
    def has_values(self) -> bool:
        """Whether float32 has values between the window's ends; where it has none there is nothing to spread."""
        return bool(np.float32(self.low) < np.float32(self.high))


class Kind(NamedTuple):
    """A filter's amounts by name, and the kernel, which is called with them."""

    amounts: Mapping[str, Amount]
    kernel: Callable[[Pixels, Mapping[str, float], Target], Pixels]


def _gaussian(picture: Pixels, given: Mapping[str, float], target: Target) -> Pixels:
    sigma = target.pixels(given["sigma_mm"], picture_gaussian.MOST_SIGMA)
    return picture if sigma is None else gaussian(picture, sigma)


def _unsharp(picture: Pixels, given: Mapping[str, float], target: Target) -> Pixels:
    sigma = target.pixels(given["sigma_mm"], picture_gaussian.MOST_SIGMA)
    return picture if sigma is None else unsharp(picture, sigma, given["strength"])


def _bilateral(picture: Pixels, given: Mapping[str, float], target: Target) -> Pixels:
    sigma = target.pixels(given["sigma_mm"], picture_bilateral.MOST_SIGMA)
    return picture if sigma is None else bilateral(picture, sigma, given["sigma_value"])


def _clahe(picture: Pixels, given: Mapping[str, float], target: Target) -> Pixels:
    if not target.has_values:
        return picture
    return clahe(picture, target.low, target.high, given["limit"], int(given["tiles"]))


def _gamma(picture: Pixels, given: Mapping[str, float], target: Target) -> Pixels:
    return gamma(picture, target.low, target.high, given["power"]) if target.has_values else picture


_SIGMA_MM = Amount(1.0, LEAST_MM, MOST_MM)
_VALUE = Amount(0.0, -MOST, MOST)

KINDS: Mapping[str, Kind] = {
    "gaussian": Kind({"sigma_mm": _SIGMA_MM}, _gaussian),
    "unsharp": Kind({"sigma_mm": _SIGMA_MM, "strength": Amount(1.0, 0, picture_unsharp.MOST_AMOUNT)}, _unsharp),
    "median": Kind(
        {"radius": Amount(1, 1, MOST_RADIUS, is_whole=True)},
        lambda picture, given, target: median(picture, int(given["radius"])),
    ),
    "bilateral": Kind(
        {
            "sigma_mm": _SIGMA_MM,
            "sigma_value": Amount(50.0, picture_bilateral.LEAST_VALUE, picture_bilateral.MOST_VALUE),
        },
        _bilateral,
    ),
    "edge": Kind({}, lambda picture, given, target: edge(picture, target.pixel_mm)),
    "clahe": Kind(
        {
            "limit": Amount(3.0, 1, picture_clahe.MOST_LIMIT),
            "tiles": Amount(8, picture_clahe.LEAST_TILES, picture_clahe.MOST_TILES, is_whole=True),
        },
        _clahe,
    ),
    "gamma": Kind({"power": Amount(1.0, picture_gamma.LEAST_POWER, picture_gamma.MOST_POWER)}, _gamma),
    "threshold": Kind(
        {"low": _VALUE._replace(usual=-MOST), "high": _VALUE._replace(usual=MOST)},
        lambda picture, given, target: threshold(picture, given["low"], given["high"]),
    ),
    "threshold_out": Kind(
        {"low": _VALUE._replace(usual=-MOST), "high": _VALUE._replace(usual=MOST)},
        lambda picture, given, target: threshold(picture, given["low"], given["high"], "outside"),
    ),
}


@dataclass(frozen=True)
class Filter:
    """A filter and its amounts; those that are not given have their usual value.

    Raises:
        InvalidParameter: no filter or none of its amounts is called that, or an amount is out of range.
    """

    name: str
    amounts: Mapping[str, float] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.name not in KINDS:
            raise InvalidParameter(f"no filter is called {self.name}; there are {', '.join(KINDS)}")
        known = KINDS[self.name].amounts
        if unknown := sorted(set(self.amounts) - set(known)):
            raise InvalidParameter(f"the filter {self.name} has no {', '.join(unknown)}; it has {', '.join(known)}")
        chosen = {name: _checked(f"{self.name}'s {name}", self.amounts.get(name), known[name]) for name in known}
        if "high" in chosen and not np.float32(chosen["low"]) < np.float32(chosen["high"]):
            raise InvalidParameter("a threshold's low is below its high")
        object.__setattr__(self, "amounts", MappingProxyType(chosen))


def _checked(what: str, given: float | None, allowed: Amount) -> float:
    value = amount(allowed.usual if given is None else given, allowed.least, allowed.most, what)
    if allowed.is_whole and value != int(value):
        raise InvalidParameter(f"{what} is a whole number, not {value:g}")
    return value


def apply(chosen: Filter, picture: NDArray[Any], pixel_mm: float, window: tuple[float, float]) -> Pixels:
    """The filtered picture, float32 [h, w]: a new one, or the same where there is nothing to do.

    picture: modality values as `pixels.checked` takes them, a whole picture and no band of one: filters look beyond a
        band's edges, and an equalisation at all of it.
    pixel_mm: how far pixel centres are apart, in both directions.
    window: centre and width, for filters that work on what is seen; its ends are centre ± width / 2. They leave a
        picture as it is where no value lies between these.

    Raises:
        InvalidParameter: a pixel that is not 1e-6 to 1e4 mm, a window that is not finite, or a picture that a
            filter does not take.
    """
    pixel_mm = amount(pixel_mm, 1e-6, 1e4, "a pixel's size in mm")
    centre = amount(window[0], -MOST, MOST, "a window's centre")
    width = amount(window[1], 0, MOST, "a window's width")
    target = Target(pixel_mm, max(centre - width / 2, -MOST), min(centre + width / 2, MOST))
    return KINDS[chosen.name].kernel(picture, chosen.amounts, target)
