"""A picture has the same bytes in one piece and in bands, and with one thread and several."""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from kernels.bricks import bricks
from kernels.errors import InvalidParameter
from kernels.picture import Picture
from kernels.plane import project, slab
from kernels.rendering import MOVING_EXIT, STILL_EXIT, volume_rendering
from kernels.tiles import BLOCK
from kernels.transfer import TransferFunction
from kernels.window import OUTSIDE
from tests.kernels.grids import DTYPES, SHEARED, centred, smooth_volume

# Veils and surfaces on every ray, so that both queues of a block are lit.
CLOUDY = TransferFunction(((50.0, (0.2, 0.1, 0.1), 0.0), (150.0, (0.9, 0.3, 0.2), 0.1), (400.0, (1.0, 1.0, 0.9), 2.0)))


@pytest.mark.slow
@pytest.mark.parametrize("eye", [False, True])
@pytest.mark.parametrize(("fine", "early_exit"), [(True, STILL_EXIT), (False, MOVING_EXIT)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_rendering_in_bands_is_the_one_in_one_piece(
    fine: bool, early_exit: float, eye: bool, dtype: type[np.generic]
) -> None:
    volume = smooth_volume(dtype, (40, 37, 43), SHEARED)
    picture = centred(volume, 131, 117, 0.3, (40, -25, 70))
    made = (volume, picture, CLOUDY, bricks(volume), 0.4, early_exit, fine)
    seen_from = picture.origin + 60 * picture.right + 50 * picture.down - 90 * picture.normal if eye else None
    whole = volume_rendering(*made, eye=seen_from)
    assert whole.max() > 150 and (whole.max(axis=-1) > 0).mean() > 0.3
    for height in (BLOCK, 2 * BLOCK):
        for top in range(0, 117, height):
            rows = (top, min(top + height, 117))
            assert np.array_equal(volume_rendering(*made, eye=seen_from, rows=rows), whole[slice(*rows)])
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        assert np.array_equal(volume_rendering(*made, eye=seen_from), whole)
    finally:
        numba.set_num_threads(threads)


# Along rows of voxels and across them; a plane, a slab and everything, cut.
WAYS: dict[str, Callable[..., NDArray[np.float32]]] = {
    "plane": lambda volume, picture, rows: slab(volume, picture, "max", 0.0, rows=rows),
    "slab": lambda volume, picture, rows: slab(volume, picture, "max", 9.0, rows=rows),
    "mean": lambda volume, picture, rows: slab(volume, picture, "mean", 9.0, rows=rows),
    "through": lambda volume, picture, rows: project(
        volume, picture, "min", bricks=bricks(volume), clip=[[0.6, 0.0, 0.8, 8.0]], rows=rows
    ),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize(("affine", "turn"), [(np.diag([0.7, 0.8, 1.1, 1.0]), (0, 0, 0)), (SHEARED, (40, -25, 70))])
def test_planes_slabs_and_projections_in_bands_are_those_in_one_piece(dtype, way, affine, turn) -> None:
    volume = smooth_volume(dtype, (40, 37, 43), affine)
    picture = centred(volume, 131, 117, 0.31, turn)
    whole = WAYS[way](volume, picture, None)
    assert (whole != OUTSIDE).mean() > 0.3 and len(np.unique(whole)) > 1000
    for height in (BLOCK, 2 * BLOCK):
        for top in range(0, 117, height):
            rows = (top, min(top + height, 117))
            assert np.array_equal(WAYS[way](volume, picture, rows), whole[slice(*rows)])


@pytest.mark.parametrize("rows", [(0, 0), (16, 64), (0, 40), (-32, 32), (64, 128), (96, 64)])
def test_a_band_is_of_whole_blocks(rows: tuple[int, int]) -> None:
    volume = smooth_volume(np.int16, (5, 6, 7), SHEARED)
    picture = Picture((0, 0, 0), (1, 0, 0), (0, 1, 0), 20, 100)  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="blocks"):
        volume_rendering(volume, picture, CLOUDY, bricks(volume), 0.4, rows=rows)
