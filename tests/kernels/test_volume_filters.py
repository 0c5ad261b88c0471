"""What all filters of a volume have in common: regions, progress, borders, odd volumes, and what they refuse."""

from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pytest

from kernels import bilateral, gaussian, gradient, median3d, unsharp, vesselness
from kernels.errors import Cancelled, InvalidParameter, InvalidVolume
from kernels.volume import Volume
from tests.kernels.grids import DTYPES, LEFT_HANDED, SHEARED, rotation

SCALES = (0.9, 1.6)


# The filter, its reference, and how far apart they may be of the largest absolute voxel.
FILTERS = {
    "gaussian": (partial(gaussian.gaussian, sigma_mm=1.3), partial(gaussian.reference, sigma_mm=1.3), 1e-6),
    "unsharp": (
        partial(unsharp.unsharp, sigma_mm=0.9, amount=2.0),
        partial(unsharp.reference, sigma_mm=0.9, amount=2.0),
        3e-6,
    ),
    "gradient": (
        partial(gradient.gradient_magnitude, sigma_mm=1.1),
        partial(gradient.reference, sigma_mm=1.1),
        2e-6 / 0.5,
    ),
    "differences": (gradient.gradient_magnitude, partial(gradient.reference, sigma_mm=0.0), 2e-6 / 0.5),
    "median of 27": (median3d.median3d, partial(median3d.reference, side=3), 0),
    "median of 125": (partial(median3d.median3d, side=5), partial(median3d.reference, side=5), 0),
    "bilateral": (
        partial(bilateral.bilateral, sigma_mm=1.0, sigma_value=300.0),
        partial(bilateral.reference, sigma_mm=1.0, sigma_value=300.0),
        4e-4,
    ),
    "vesselness": (
        partial(vesselness.vesselness, scales_mm=SCALES),
        partial(vesselness.reference, scales_mm=SCALES),
        1e-5 / 1000,
    ),
    "dark vesselness": (
        partial(vesselness.vesselness, scales_mm=(1.2,), bright=False, alpha=0.4, beta=0.7, c=200.0),
        partial(vesselness.reference, scales_mm=(1.2,), bright=False, alpha=0.4, beta=0.7, c=200.0),
        1e-5 / 1000,
    ),
}
every = pytest.mark.parametrize("name", FILTERS)
GRID = np.diag([0.5, 0.6, 1.1, 1.0])


def volume(dtype=np.int16, shape=(11, 70, 83), affine=GRID, seed=1):
    """Noise of two sizes about 0, 1000 at most."""
    rng = np.random.default_rng(seed)
    coarse = np.kron(rng.normal(0, 200, [-(-n // 4) for n in shape]), np.ones((4, 4, 4)))
    values = coarse[tuple(slice(n) for n in shape)] + rng.normal(0, 60, shape)
    return Volume(np.clip(values, -1000, 1000).astype(dtype), affine)


@every
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_filter_agrees_with_its_reference(name, dtype):
    run, reference, tolerance = FILTERS[name]
    one = volume(dtype)
    values = run(one)
    assert values.shape == one.array.shape and values.flags.c_contiguous
    assert values.dtype == (dtype if "median" in name else np.float32)
    truth = reference(one)
    assert truth.std() > 0.01 * np.abs(truth).max() > 0
    assert np.abs(values - truth).max() <= tolerance * np.abs(one.array).max()


@every
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(2, 2, 2), (2, 3, 90), (70, 2, 3), (3, 67, 2), (9, 16, 64), (8, 65, 128)])
def test_volumes_of_any_shape_are_filtered_to_their_corners(name, dtype, shape):
    run, reference, tolerance = FILTERS[name]
    one = volume(dtype, shape)
    assert np.abs(run(one) - reference(one)).max() <= tolerance * np.abs(one.array).max()


@every
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "region",
    [
        (slice(3, 7), slice(20, 41), slice(13, 60)),
        (slice(0, 1), slice(0, 1), slice(0, 1)),
        (slice(10, None), slice(69, None), slice(82, None)),
        (slice(None), slice(5, 70), slice(1, None)),
        (slice(5, 6), slice(None), slice(40, 41)),
    ],
)
def test_a_region_is_that_part_of_the_whole_bit_for_bit(name, dtype, region):
    run, *_ = FILTERS[name]
    one = volume(dtype)
    part = run(one, region=region)
    assert part.flags.c_contiguous
    assert np.array_equal(part, run(one)[region])


@every
def test_progress_rises_to_the_whole(name):
    run, *_ = FILTERS[name]
    told = []
    one = volume(shape=(40, 9, 9))
    values = run(one, progress=lambda done, total: told.append(done / total))
    assert told == sorted(told) and told[-1] == 1 and len(told) > 1
    assert np.array_equal(values, run(one))


@every
def test_who_cancels_ends_the_work_between_two_pieces(name):
    run, *_ = FILTERS[name]
    told = []

    def progress(done, total):
        told.append(done)
        raise Cancelled

    with pytest.raises(Cancelled):
        run(volume(shape=(40, 9, 9)), progress=progress)
    assert len(told) == 1 and told[0] < 40


@every
def test_a_read_only_volume_is_filtered_like_any_other_and_stays_as_it_is(name):
    run, *_ = FILTERS[name]
    one = volume()
    before = one.array.copy()
    before.flags.writeable = False
    assert np.array_equal(run(Volume(before, GRID)), run(one))
    assert np.array_equal(before, one.array)


@every
@pytest.mark.parametrize("dtype", DTYPES)
def test_out_is_filled_and_returned(name, dtype):
    run, *_ = FILTERS[name]
    one = volume(dtype)
    out = np.full(one.array.shape, 9, dtype if "median" in name else np.float32)
    assert run(one, out=out) is out
    assert np.array_equal(out, run(one))
    for wrong in (np.empty((3, 3, 3), out.dtype), np.empty(one.array.shape, np.float64), out.transpose(0, 2, 1)):
        with pytest.raises(InvalidParameter):
            run(one, out=wrong)


@every
def test_nothing_is_made_of_values_that_are_no_numbers(name):
    run, *_ = FILTERS[name]
    one = volume(np.float32)
    one.array[4, 30, 30] = np.nan
    with pytest.raises(InvalidVolume, match="finite"):
        run(one)
    far = (slice(None), slice(None), slice(60, None))
    assert np.isfinite(run(one, region=far)).all()
    with pytest.raises(InvalidVolume):  # its neighbours depend on it
        run(one, region=(slice(4, 5), slice(29, 30), slice(29, 30)))


@every
@pytest.mark.parametrize(
    "uneven",
    [
        Volume(volume(shape=(5, 6, 7)).array, GRID, [0, 1, 2, 4, 5]),
        Volume(volume(shape=(5, 6, 7)).array, GRID, None, (2,)),
        Volume(volume(shape=(5, 6, 7)).array, SHEARED),
    ],
    ids=["uneven", "hole", "sheared"],
)
def test_a_grid_on_which_a_length_has_no_meaning_is_refused(name, uneven):
    run, *_ = FILTERS[name]
    if "median" in name and not uneven.holes:  # counts neighbours
        assert run(uneven).shape == uneven.array.shape
    else:
        with pytest.raises(InvalidVolume, match="resample"):
            run(uneven)


@every
def test_how_a_patient_lies_changes_nothing(name):
    """A turned or left-handed grid has the same voxels at the same distances."""
    run, *_ = FILTERS[name]
    one = volume()
    turned = np.eye(4)
    turned[:3, :3] = rotation((20, 130, 40)) * (0.5, 0.6, 1.1)
    tolerance = 1e-6 * np.abs(run(one)).max()
    assert np.abs(run(Volume(one.array, turned)) - run(one)).max() <= tolerance
    assert LEFT_HANDED[2, 2] < 0
    assert np.array_equal(run(Volume(one.array, GRID * [1, 1, -1, 1])), run(one))


@every
def test_a_mirrored_volume_gives_the_mirrored_result(name):
    """Along x, y and z: no axis, no direction is treated otherwise."""
    run, _, _ = FILTERS[name]
    one = volume(np.float32)
    values = run(one)
    for axis in range(3):
        mirrored = run(Volume(np.ascontiguousarray(np.flip(one.array, axis)), GRID))
        assert np.abs(np.flip(mirrored, axis) - values).max() <= 1e-4 * np.abs(values).max()


@every
def test_axes_are_exchanged_with_their_spacing(name):
    run, _, _ = FILTERS[name]
    one = volume(np.float32, (12, 20, 34))
    values = run(one)
    turned = Volume(np.ascontiguousarray(one.array.transpose(2, 0, 1)), np.diag([0.6, 1.1, 0.5, 1.0]))
    assert np.abs(run(turned).transpose(1, 2, 0) - values).max() <= 1e-4 * np.abs(values).max()


@every
def test_several_threads_may_filter_at_once(name):
    run, *_ = FILTERS[name]
    volumes = [volume(seed=seed, shape=(9, 30, 40)) for seed in range(3)]
    truths = [run(one) for one in volumes]
    found = [None] * 3

    def work(number):
        found[number] = run(volumes[number])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(a, b) for a, b in zip(found, truths, strict=True))
