"""How the modality values of a derived series are stored: slope, intercept, and a value that stands for no sample.

    stored = round((value − intercept) / slope)      sixteen bits

Whole numbers stay exact. Hounsfield units are stored as they are (slope 1, intercept 0), and so are other whole numbers
that span a thousand or more: what a reformat computes between two of them is rounded to one unit, which is the step of
the source itself. Fewer whole numbers get a step of 1, 2 or 5 times a power of ten, so that whole ones are multiples of
it; all else the finest step of three digits with which LEVELS of them span what the source spans. The padding is below
every value, and in Hounsfield units far below air.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVELS = 32_000  # at most, of values that are no whole numbers
FINE_ENOUGH = 1000  # whole numbers that span so many are stored as they are
PADDING_HU = -2048
MOST = 65_535  # what sixteen bits hold


@dataclass(frozen=True, slots=True)
class Scaling:
    """padding: the stored value where there is no sample; no other one is equal to it or below it."""

    slope: float
    intercept: float
    signed: bool
    padding: int

    @property
    def is_plain(self) -> bool:
        """Whether stored values are the values themselves."""
        return (self.slope, self.intercept) == (1, 0)

    def stored(self, values: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[Any]:
        """int16 or uint16 of the same shape; padding where not `inside`."""
        least, most = (-32768, 32767) if self.signed else (0, MOST)
        with np.errstate(invalid="ignore", over="ignore"):
            steps = np.rint((values.astype(np.float64) - self.intercept) / self.slope)
        steps = np.where(inside, np.clip(steps, self.padding + 1, most), self.padding)
        return np.clip(steps, least, most).astype("<i2" if self.signed else "<u2")


def scaling_of(low: float, high: float, *, whole: bool, hounsfield: bool = False, at_zero: bool = False) -> Scaling:
    """The scaling for values from low to high.

    whole: they are whole numbers where they are stored. at_zero: the intercept must be 0, as of a PET (PS3.3 C.8.9.4).
    """
    span = max(high, 0.0) - min(low, 0.0)
    as_they_are = span < MOST and (hounsfield or (whole and span >= FINE_ENOUGH))
    step = 1.0 if as_they_are else step_of(span, round_=whole and span < FINE_ENOUGH)
    lows, highs = math.floor(low / step + 1e-6), math.ceil(high / step - 1e-6)
    padding = min(lows - 1, PADDING_HU) if hounsfield and step == 1 else lows - 1
    if padding >= -32768 and highs <= 32767:
        return Scaling(step, 0.0, True, padding)
    if not at_zero and highs - padding <= MOST:
        return Scaling(step, padding * step, False, 0)
    # Only values that fill all sixteen bits, or whole ones of a PET beyond fifteen, come here.
    step = step_of(span)
    return Scaling(step, 0.0, True, math.floor(low / step + 1e-6) - 1)


def step_of(span: float, *, round_: bool = False) -> float:
    """The least step of three digits of which LEVELS span this much; a round one is 1, 2 or 5 times a power of ten."""
    if not span > 0:
        return 1.0
    power = math.floor(math.log10(span / LEVELS)) - 1
    digits = (50, 100, 200, 500, 1000) if round_ else range(99, 1001)
    return next(step for m in digits if (step := float(f"{m}e{power - 1}")) * LEVELS >= span)
