"""Parallel images of several scans or reconstructions that lie between each other: each is a Stack of its own.

Two contrast phases half a step apart look like one even scan of twice as many slices. What images say of themselves
tells them apart, but only where one set really reaches into another: a scan that goes on with another thickness, or a
new acquisition for every turn of the gantry, stays whole. What makes another picture (another echo, kernel or voltage,
a phase behind magnitudes, a projection behind slices) is another Stack even where it only follows. Sets that show the
same places are phases (phases.py).

When an image was written says least: several workers of one reconstruction write in any order. Where numbers or times
of acquisition lead along the table once, that counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from storage.dicom.grid import place_codes
from storage.dicom.holes import HOLE
from storage.dicom.sets import Array, Codes, Said, codes_of, said_by, sets_of, values_of
from storage.dicom.sources import FrameSource

MIN_SLICES = 3  # sets of fewer are no scan, but may be strays in one
MOST_SETS = 64
BELIEVED = 0.9  # of the frames, at least, are in sets of MIN_SLICES
REACHES = 3  # so many slices between another set's are more than one step of overlap
PACKAGE = 0.75  # of the step of a set: what is thinner leaves room for the slices of another

TELLING = (
    "temporal_position",
    "cardiac_percent",
    "respiratory_percent",
    "echo",
    "b_value",
    "image_type",
    "made",
    "kernel",
    "kvp",
    "thickness",
    "inversion_time",
    "flip_angle",
    "contrast",
)
# What shows the same tissue otherwise, where both sets say it.
PICTURES = ("echo", "inversion_time", "image_type", "made", "kernel", "kvp")
TYPES = ("image_type", "made")  # a few slices of another type may well be of the same scan
ALIKE = 0.1  # of a time or a voltage
SHARED = 0.5  # of the places of the smaller set, at least, are those of sets that are phases
# An MR scan takes its slices in packages, the odd ones first: these are another for each package.
SCANS = ("acquisition", "acquired", "bout")
WRITTEN = ("content_bout", "content", "comments")  # as workers of a reconstruction share its images out
TIMES = ("trigger_time", "frame_reference_time")  # and these often come again by chance


def divided(frames: Sequence[FrameSource], distances: Array, ranks: Array) -> list[Codes]:
    """The indices of the frames of each set, most often of all in one. distances: mm; ranks: of their numbers."""
    everything = np.arange(len(frames))
    places = place_codes(distances)
    count = int(places.max()) + 1
    if count <= MIN_SLICES:
        return [everything]
    heights = np.bincount(places, distances) / np.bincount(places)
    return _Division(frames, places, heights, ranks).of(everything)


class _Division:
    """heights: of each place along the normal, mm."""

    def __init__(self, frames: Sequence[FrameSource], places: Codes, heights: Array, ranks: Array) -> None:
        self.said: list[Said] = [said_by(frame) for frame in frames]
        self.is_mr = frames[0].header.modality == "MR"
        self.places, self.heights = places, heights
        self.ranks = np.where(np.isnan(ranks), np.inf, ranks)

    def of(self, chosen: Codes) -> list[Codes]:
        for name in (*TELLING, *SCANS, *WRITTEN, *TIMES):
            values = values_of([self.said[i] for i in chosen], name)
            if not 1 < len(set(values)) <= MOST_SETS:
                continue
            sets = [chosen[own] for own in sets_of(codes_of(values))]
            if not _are_believed(sets) or (name in WRITTEN and self._is_one_scan(chosen)):
                continue
            if name in TYPES:
                sets = self._without_strays(sets)
            told = [values[int(np.searchsorted(chosen, own[0]))] for own in sets]
            in_packages = name in (*WRITTEN, *TIMES) or (name in SCANS and self.is_mr)
            groups = self._grouped(sets, told, self._thickness(chosen) if in_packages else np.inf, name in PICTURES)
            if len(groups) > 1:
                return [part for group in groups for part in self.of(group)]
        return [chosen]

    def _is_one_scan(self, chosen: Codes) -> bool:
        """Whether numbers, or times or numbers of acquisitions, lead along the table once, or as often as phases do."""
        said = [self.said[i] for i in chosen]
        listed = [values_of(said, name) for name in ("acquired", "acquisition")]
        known = [np.array([np.inf if value is None else value for value in values]) for values in listed]
        return any(self._leads_along(self.places[chosen], key) for key in (self.ranks[chosen], *known))

    def _leads_along(self, places: Codes, key: Array) -> bool:
        """Whether the places, by a key that is another for each, come in runs of which none reaches into another."""
        if not np.isfinite(key).all() or len(np.unique(key)) < len(key):
            return False
        runs = _runs(places[np.argsort(key)])
        if len(runs) > MOST_SETS or not _are_believed(runs):
            return False
        shown = [np.unique(run) for run in runs if len(run) >= MIN_SLICES]
        return not any(self._are_interleaved(a, b, np.inf) for a, b in combinations(shown, 2))

    def _without_strays(self, sets: list[Codes]) -> list[Codes]:
        """The sets, each with those that do no more than fill gaps of it."""
        shown = [np.unique(self.places[own]) for own in sets]
        kept: dict[int, Codes] = {}
        for i in sorted(range(len(sets)), key=lambda i: -len(shown[i])):
            host = next((k for k in kept if self._fills_gaps(shown[i], shown[k])), None)
            if host is None:
                kept[i] = sets[i]
            else:
                kept[host] = np.concatenate([kept[host], sets[i]])
        return list(kept.values())

    def _fills_gaps(self, strays: Codes, others: Codes) -> bool:
        """Whether these few lie singly between neighbours of the others that are two steps apart."""
        count = len(strays) + len(others)
        if len(others) < max(MIN_SLICES, min(BELIEVED * count, count - 1)):
            return False
        after = np.searchsorted(others, strays)
        if after[0] == 0 or after[-1] == len(others) or len(np.unique(after)) < len(after):
            return False
        step = float(np.median(np.diff(self.heights[others])))
        heights = self.heights[strays]
        beside = np.stack([heights - self.heights[others[after - 1]], self.heights[others[after]] - heights])
        return bool((beside < HOLE * step).all() and (beside > step / HOLE).all())

    def _grouped(self, sets: list[Codes], values: list[Any], thickness: float, of_pictures: bool) -> list[Codes]:
        """Sets put together again unless they lie between each other, or show other pictures of other places."""
        order = sorted(range(len(sets)), key=lambda i: (float(self.ranks[sets[i]].min()), repr(values[i])))
        groups: list[list[Codes]] = []
        shown: dict[int, Codes] = {i: np.unique(self.places[own]) for i, own in enumerate(sets)}
        members: list[list[int]] = []

        def is_foreign(i: int, other: int) -> bool:
            if self._are_interleaved(shown[i], shown[other], thickness):
                return True
            return of_pictures and _differ(values[i], values[other]) and _share_few(shown[i], shown[other])

        for i in order:
            for group, others in zip(groups, members, strict=True):
                if not any(is_foreign(i, other) for other in others):
                    group.append(sets[i])
                    others.append(i)
                    break
            else:
                groups.append([sets[i]])
                members.append([i])
        return [np.sort(np.concatenate(group)) for group in groups]

    def _are_interleaved(self, a: Codes, b: Codes, thickness: float) -> bool:
        """Whether places of one, which the other does not show, lie where that has no room for slices so thick."""
        if a[-1] < b[0] or b[-1] < a[0]:
            return False
        in_b, in_a = self._reaching(a, b, thickness), self._reaching(b, a, thickness)
        return in_a + in_b >= REACHES or in_b == len(a) or in_a == len(b)

    def _reaching(self, a: Codes, b: Codes, thickness: float) -> int:
        """How many places of a lie between neighbours of b that leave no room for them."""
        if len(b) < MIN_SLICES:
            return 0
        gaps = np.diff(self.heights[b])
        step = float(np.median(gaps))
        if thickness <= PACKAGE * step:
            return 0
        close = gaps <= HOLE * step
        after = np.searchsorted(b, a)
        between = (after > 0) & (after < len(b)) & (b[np.minimum(after, len(b) - 1)] != a)
        return int(close[after[between] - 1].sum())

    def _thickness(self, chosen: Codes) -> float:
        """Of the thickest; infinite where one does not say."""
        said = [self.said[i].get("thickness") for i in chosen]
        return np.inf if None in said else max(said)


def _runs(places: Codes) -> list[Codes]:
    """Places, in an order, cut wherever they turn back."""
    cuts, way = [], 0
    for i, step in enumerate(np.sign(np.diff(places)).tolist(), 1):
        if way and step == -way:
            cuts.append(i)
            way = 0
        else:
            way = step or way
    return np.split(places, cuts)


def _differ(a: Any, b: Any) -> bool:
    """Whether both say something, and not the same."""
    if isinstance(a, tuple) and isinstance(b, tuple):  # number and time of an echo
        return _differ(a[1], b[1]) or (None in (a[1], b[1]) and _differ(a[0], b[0]))
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return abs(a - b) > ALIKE * max(abs(a), abs(b))
    return bool(a) and bool(b) and a != b


def _share_few(a: Codes, b: Codes) -> bool:
    return len(np.intersect1d(a, b)) < SHARED * min(len(a), len(b))


def _are_believed(sets: list[Codes]) -> bool:
    """Whether these are scans, strays aside, and no number that is another for every image."""
    count = sum(map(len, sets))
    whole = sum(len(own) for own in sets if len(own) >= MIN_SLICES)
    return whole >= min(BELIEVED * count, count - 1)
