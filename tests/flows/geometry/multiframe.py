"""Many frames in one instance: enhanced objects, mosaics, tomograms."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from tests.flows.acquisitions import (
    BACK,
    HEAD,
    RIGHT_LEFT,
    STEPS,
    EnhancedFrame,
    Storing,
    enhanced,
    item,
    mosaic,
    planes,
    reconstruction,
    turned,
)
from tests.flows.geometry.case import Case, Expected, case, phases
from tests.flows.geometry.volumes import GAP, TILT


@case("enhanced multi-frame, frames in no order")
def enhanced_shuffled() -> Case:
    frames = [EnhancedFrame(planes(), z) for z in range(31)]
    random.Random(7).shuffle(frames)
    return Case([enhanced(frames)], [Expected()])


@case("enhanced multi-frame, tilted, one frame missing, another slope for each")
def enhanced_tilted() -> Case:
    where = planes(*turned((0, 12, 0)), lean=np.array([TILT, 0, 0])).only(GAP)
    frames = [EnhancedFrame(where, z, Storing(slope=0.5 + z / 30)) for z in range(len(where))]
    return Case([enhanced(frames)], [Expected(notes=("note_tilted", "note_missing_slices"), holes=1, dtype="float32")])


@case("enhanced multi-frame, places in the stack left out")
def enhanced_left_out() -> Case:
    where = planes(steps=np.arange(-45, 45.1, 1.5))
    kept = [z for z in range(61) if z >= 10 or z % 2 == 0]
    frames = [EnhancedFrame(where, z, content={"StackID": "1", "InStackPositionNumber": z + 1}) for z in kept]
    return Case([enhanced(frames)], [Expected(notes=("note_missing_slices",), holes=5)])


@case("enhanced multi-frame in two orientations")
def enhanced_orientations() -> Case:
    frames = [EnhancedFrame(planes(), z) for z in range(31)]
    frames += [EnhancedFrame(planes(BACK, -HEAD), z, Storing(factor=0.5)) for z in range(31)]
    return Case([enhanced(frames)], [Expected(), Expected(0.5)])


@case("enhanced 4-D by temporal position")
def enhanced_times() -> Case:
    frames = [
        EnhancedFrame(planes(), z, Storing(factor=1 - t / 10), {"TemporalPositionIndex": t + 1})
        for z in range(31)
        for t in range(3)
    ]
    return Case([enhanced(frames)], phases("temporal_position", [1, 2, 3]))


@case("enhanced 4-D by trigger delay")
def enhanced_cardiac() -> Case:
    frames = [
        EnhancedFrame(
            planes(),
            z,
            Storing(factor=1 - t / 10),
            groups={"CardiacSynchronizationSequence": [item(NominalCardiacTriggerDelayTime=t * 80.0)]},
        )
        for t in range(3)
        for z in range(31)
    ]
    return Case([enhanced(frames)], phases("trigger_time", [0, 80, 160]))


@case("enhanced diffusion")
def enhanced_diffusion() -> Case:
    def diffusion(b: float, direction: list[float] | None) -> dict[str, Any]:
        said = item(DiffusionBValue=b)
        if direction:
            said.DiffusionGradientDirectionSequence = [item(DiffusionGradientOrientation=direction)]
        return {"MRDiffusionSequence": [said]}

    weightings = [(0.0, None), (700.0, [1.0, 0, 0]), (700.0, [0, 1.0, 0])]
    frames = [
        EnhancedFrame(planes(), z, Storing(factor=1 - i / 10), groups=diffusion(*weighting))
        for z in range(31)
        for i, weighting in enumerate(weightings)
    ]
    return Case([enhanced(frames)], phases("gradient", [0, 700, 700]))


@case("one enhanced instance for each time")
def enhanced_each() -> Case:
    files = [
        enhanced(
            [
                EnhancedFrame(planes(), z, Storing(factor=1 - t / 10), {"FrameAcquisitionNumber": t + 1})
                for z in range(31)
            ],
            seed=t,
            InstanceNumber=t + 1,
        )
        for t in range(2)
    ]
    return Case(files, phases("acquisition", [1, 2]))


@case("a concatenation of three instances, the last one of a single frame")
def concatenation() -> Case:
    files = []
    for number, (start, end) in enumerate([(0, 20), (20, 30), (30, 31)]):
        files.append(
            enhanced(
                [EnhancedFrame(planes(), z) for z in range(start, end)],
                seed=number,
                InstanceNumber=1,
                ConcatenationUID="2.25.77",
                InConcatenationNumber=number + 1,
                ConcatenationFrameOffsetNumber=start,
                NumberOfFrames=end - start,
            )
        )
    return Case(files[::-1], [Expected()])


@case("mosaic")
def one_mosaic() -> Case:
    return Case([mosaic(planes(*turned((10, 5, 0))))], [Expected()])


@case("mosaic whose slices run against the normal")
def mosaic_against() -> Case:
    return Case([mosaic(planes(steps=STEPS[::-1]))], [Expected()])


@case("mosaics of three times")
def mosaics() -> Case:
    files = [
        mosaic(
            planes(RIGHT_LEFT, -HEAD),
            seed=t,
            storing=Storing(intercept=0, factor=1 - t / 10),
            InstanceNumber=t + 1,
            AcquisitionNumber=t + 1,
        )
        for t in range(3)
    ]
    return Case(files, phases("acquisition", [1, 2, 3]))


@case("a reconstructed nuclear medicine tomogram")
def tomogram() -> Case:
    return Case([reconstruction(planes())], [Expected()])


@case("a gated tomogram whose slices run against the normal")
def gated_tomogram() -> Case:
    files = [reconstruction(planes(steps=STEPS[::-1]), slots=2, negative=True)]
    return Case(files, phases("temporal_position", [1, 2]))
