"""Which values a volume has, and the curve of its preset: the answers to surveys, for a curve to be edited."""

from __future__ import annotations

from dataclasses import replace

from kernels.transfer import histogram, opacities
from renderd.protocol import Survey, Surveyed
from renderd.sources import VolumeSource
from renderd.transfers import range_of, transfer_of

BINS = 128


def surveyed(survey: Survey, source: VolumeSource) -> Surveyed:
    """The answer; any thread. A few milliseconds for a sample of the volume.

    Raises:
        PresetNotFound: the view's preset is unknown.
    """
    transfer = transfer_of(replace(survey.view, curve=None, shift=0.0), source.assembly)
    low, high = range_of(source.assembly)
    least, greatest, counts = histogram(source.volume.array, BINS)
    curve = opacities(transfer.points)
    return Surveyed(survey.viewport, survey.n, curve, low, high, least, greatest, counts.tolist())


def nothing_surveyed(survey: Survey) -> Surveyed:
    """There is no volume to be looked at."""
    return Surveyed(survey.viewport, survey.n, [], 0.0, 0.0, 0.0, 0.0, [])
