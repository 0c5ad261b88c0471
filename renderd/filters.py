"""From a view's filter to the kernels': one of pictures, or one of volumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from kernels.bilateral import LEAST_VALUE, MOST_SIGMA, MOST_VALUE, bilateral
from kernels.box import Region, spacing_of
from kernels.derivatives import taps
from kernels.errors import InvalidParameter, InvalidVolume
from kernels.filters import Filter as PictureFilter
from kernels.gaussian import gaussian
from kernels.gradient import gradient_magnitude
from kernels.median3d import median3d
from kernels.unsharp import MOST as MOST_SHARPENING
from kernels.unsharp import unsharp
from kernels.volume import Volume
from renderd.errors import FilterNeedsPicture, InvalidFilter, NotAVolume
from renderd.protocol import Filter

VolumeFilter = Callable[[Volume, Region, NDArray[Any]], object]


def picture_filter(chosen: Filter) -> PictureFilter:
    """The filter of pictures that a view asks for.

    Raises:
        InvalidFilter: its amounts are not those that it takes.
    """
    amounts = {
        "gaussian": {"sigma_mm": chosen.size},
        "median": {"radius": chosen.size},
        "bilateral": {"sigma_mm": chosen.size, "sigma_value": chosen.strength},
        "unsharp": {"sigma_mm": chosen.size, "strength": chosen.strength},
        "edge": {},
        "clahe": {"limit": chosen.strength},
        "gamma": {"power": chosen.strength},
        "threshold": {name: value for name, value in (("low", chosen.low), ("high", chosen.high)) if value is not None},
    }[chosen.name]
    try:
        return PictureFilter(chosen.name, amounts)
    except InvalidParameter as error:
        raise InvalidFilter(str(error)) from None


def volume_filter(chosen: Filter) -> VolumeFilter:
    """The filter of volumes, which fills `out` with a region of it.

    Raises:
        FilterNeedsPicture: there is none.
        InvalidFilter: its amounts are not those that it takes.
    """
    size, strength = chosen.size, chosen.strength
    match chosen.name:
        case "gaussian":
            return lambda volume, region, out: gaussian(volume, size, region=region, out=out)
        case "unsharp":
            return lambda volume, region, out: unsharp(volume, size, strength, region=region, out=out)
        case "edge":
            return lambda volume, region, out: gradient_magnitude(volume, size, region=region, out=out)
        case "bilateral":
            return lambda volume, region, out: bilateral(volume, size, strength, region=region, out=out)
        case "median":
            if size not in (1, 2):
                raise InvalidFilter("a volume's median has a radius of 1 or 2 voxels")
            return lambda volume, region, out: median3d(volume, 2 * int(size) + 1, region=region, out=out)
    raise FilterNeedsPicture(chosen.name)


def check(chosen: Filter, volume: Volume) -> None:
    """Whether a filter of volumes can work on this one: what its kernel would refuse after its memory was taken.

    Raises:
        InvalidFilter: a length is too small or too large for the volume's voxels, or another amount for the filter.
        NotAVolume: the volume's grid is not even.
    """
    size, strength = chosen.size, chosen.strength
    if chosen.name == "median":
        return  # which counts voxels
    try:
        spacing_mm = spacing_of(volume)
        if chosen.name != "bilateral":
            taps(spacing_mm, size, 1)
        elif not 0 < size <= MOST_SIGMA * min(spacing_mm):
            raise InvalidFilter(f"a bilateral filter reaches above 0 and at most {MOST_SIGMA:g} voxels")
    except InvalidVolume as error:
        raise NotAVolume(error.code) from None
    except InvalidParameter as error:
        raise InvalidFilter(str(error)) from None
    if chosen.name == "bilateral" and not LEAST_VALUE <= strength <= MOST_VALUE:
        raise InvalidFilter(f"a bilateral filter tells values apart by {LEAST_VALUE:g} … {MOST_VALUE:g}")
    if chosen.name == "unsharp" and strength > MOST_SHARPENING:
        raise InvalidFilter(f"an unsharp mask adds at most {MOST_SHARPENING:g} times the detail")
