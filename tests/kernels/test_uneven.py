"""Stacks whose slices are unevenly spaced, and holes where images are missing."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from kernels.bricks import bricks
from kernels.pick import projection_point
from kernels.picture import Picture, spacing_along
from kernels.plane import plane, project, reference, slab
from kernels.rendering import reference as rendering_reference
from kernels.rendering import volume_rendering, volume_rendering_rgba
from kernels.samples import sample_count, slab_samples
from kernels.slices import slices_of
from kernels.transfer import TransferFunction
from kernels.volume import Volume
from kernels.window import OUTSIDE
from tests.kernels.grids import DTYPES, LEFT_HANDED, SHEARED, centred, random_volume, rotation
from tests.kernels.test_rendering import GREY, WARM

STEP = 4095
EVEN = np.eye(4)
# Eighths, so that int16 holds a ramp; intervals of 1/8 to 4.
PLACES = np.array([0, 1, 2, 2.125, 2.5, 4, 5, 9, 10.25])
HOLE = 6  # the interval from 5 to 9
# A tilted gantry: the third column leans towards the back and is no multiple of the normal.
TILTED = np.array([[0.7, 0, 0, -30.0], [0, 0.8, 0.35, 12.0], [0, 0, 1.3, 5.0], [0, 0, 0, 1]])


def uneven(dtype, affine, holes=(), seed=1, places=PLACES) -> Volume:
    return Volume(random_volume(dtype, (len(places), 7, 11), affine, seed).array, affine, places, holes)


def pixel_points(picture: Picture):
    u, v = np.meshgrid(np.arange(picture.width), np.arange(picture.height))
    return picture.origin + u[..., None] * picture.right + v[..., None] * picture.down


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("affine", [SHEARED, LEFT_HANDED, TILTED])
def test_a_plane_interpolates_between_the_slices_where_they_lie(dtype, affine):
    volume = uneven(dtype, affine)
    for turn, size in (((0, 0, 0), (37, 31)), ((20, -35, 50), (5, 1)), ((71, 10, 5), (66, 41)), ((90, 0, 0), (40, 43))):
        picture = centred(volume, *size, 0.31, turn, shift_mm=0.2)
        x, y, place = np.moveaxis((pixel_points(picture) - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T, -1, 0)
        z = np.interp(place, PLACES, np.arange(9), -99, -99)
        truth = map_coordinates(volume.array.astype(float), [z, y, x], order=1, cval=np.nan)
        values = plane(volume, picture)
        both = (values != OUTSIDE) & ~np.isnan(truth)
        assert ((values != OUTSIDE) == ~np.isnan(truth)).mean() > 0.99
        assert both.mean() > 0.2
        assert np.abs(values - truth)[both].max() <= 1e-3 * STEP


@pytest.mark.parametrize("turn", [(0, 0, 0), (25, 0, 0), (-14, 37, 81), (90, 0, 0)])
def test_every_interval_agrees_with_simpleitk(turn):
    """Each two neighbouring slices as an image of their own, as far apart as they are."""
    axes, spacing, origin = rotation((5, 12, -8)), np.array([0.7, 0.7, 1.3]), np.array([-20.0, 13, 100])
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes * spacing, origin
    volume = Volume(random_volume(np.int16, (9, 27, 31), np.eye(4)).array, affine, PLACES, (HOLE,))
    picture = centred(volume, 60, 55, 0.35, turn, shift_mm=0.1)
    place = volume.to_index(pixel_points(picture))[..., 2]
    values, compared = plane(volume, picture), 0
    for k in range(8):
        image = sitk.GetImageFromArray(volume.array[k : k + 2])
        image.SetSpacing([0.7, 0.7, 1.3 * (PLACES[k + 1] - PLACES[k])])
        image.SetOrigin((origin + axes[:, 2] * 1.3 * PLACES[k]).tolist())
        image.SetDirection(axes.ravel().tolist())
        direction = np.stack([picture.right / 0.35, picture.down / 0.35, picture.normal], axis=1).ravel().tolist()
        grid = ((60, 55, 1), sitk.Transform(), sitk.sitkLinear, picture.origin.tolist(), (0.35, 0.35, 1.0), direction)
        truth = sitk.GetArrayFromImage(sitk.Resample(image, *grid, -32000.0, sitk.sitkFloat32))[0]
        here = (place > PLACES[k] + 1e-3) & (place < PLACES[k + 1] - 1e-3) & (truth > -31000)
        if k == HOLE:
            assert (values[here] == OUTSIDE).all()
            continue
        here &= values != OUTSIDE
        compared += here.sum()
        assert np.abs(values - truth)[here].max(initial=0) <= 1
    assert compared > 200 or turn == (0, 0, 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("affine", [SHEARED, LEFT_HANDED, TILTED])
def test_a_ramp_in_patient_space_is_reproduced_everywhere(dtype, affine):
    per_step = np.array([16.0, -8.0, 24.0])
    places = np.cumsum(np.random.default_rng(3).choice([0.125, 0.5, 1, 2.25], 40))
    places -= places[0]
    z, y, x = np.indices((40, 60, 50))
    array = (x * per_step[0] + y * per_step[1] + places[z] * per_step[2] - 300).astype(dtype)
    volume = Volume(array, affine, places)
    gradient = per_step @ np.linalg.inv(affine[:3, :3])
    for turn in ((33, -21, 64), (90, 0, 0), (0, 0, 0)):
        picture = centred(volume, 61, 47, 0.37, turn, shift_mm=0.4)
        truth = (pixel_points(picture) - affine[:3, 3]) @ gradient - 300
        for values in (plane(volume, picture), slab(volume, picture, "mean", 3 * 1.3)):
            inside = values != OUTSIDE
            assert inside.mean() > 0.3
            middle = inside & (slab(volume, picture, "mean", 12) != OUTSIDE)
            middle[:8], middle[-8:], middle[:, :8], middle[:, -8:] = False, False, False, False
            assert np.abs(values - truth)[middle].max() <= 2e-3 * np.abs(per_step).max()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("holes", [(), (HOLE,), (0, 3, HOLE)])
def test_every_slice_is_shown_bit_for_bit_where_it_lies_and_nothing_in_a_hole(dtype, holes):
    affine = np.diag([0.68359375, 0.71, 1.37, 1.0])
    affine[:3, 3] = -123.4, 56.7, -890.1
    volume = uneven(dtype, affine, holes)

    def at(place):
        return plane(volume, Picture(volume.to_patient((0, 0, place)), affine[:3, 0], affine[:3, 1], 11, 7))

    for k, place in enumerate(PLACES):
        assert (at(place) == volume.array[k]).all()
    for k in range(8):
        for part in (0.01, 0.3, 0.5, 0.98):
            values = at(PLACES[k] + part * (PLACES[k + 1] - PLACES[k]))
            assert (values == OUTSIDE).all() if k in holes else (values != OUTSIDE).all()
    assert (at(-0.01) == OUTSIDE).all()
    assert (at(PLACES[-1] + 0.01) == OUTSIDE).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("projection", ["max", "min", "mean"])
@pytest.mark.parametrize("holes", [(), (HOLE,), (0, 2, HOLE, 7)])
def test_slabs_agree_with_their_reference(dtype, projection, holes):
    volume = uneven(dtype, TILTED, holes)
    for turn, thickness, size in (((0, 0, 0), 4, (37, 31)), ((20, -35, 50), 3.1, (17, 9)), ((71, 10, 5), 8, (66, 41))):
        picture = centred(volume, *size, 0.31, turn, shift_mm=0.13)
        values, truth = slab(volume, picture, projection, thickness), reference(volume, picture, projection, thickness)
        assert ((values == OUTSIDE) == (truth == OUTSIDE)).mean() > 0.995
        both = (values != OUTSIDE) & (truth != OUTSIDE)
        off = np.abs(values - truth)[both] > 1e-3 * STEP
        assert off.mean() < 0.005  # a sample on the very edge of a hole may count in one and not in the other


# Thick slices, then thin ones, as a scan with two reconstructions of one range: a step is the median gap.
TWO_GAPS = np.concatenate([np.arange(0, 13), 12 + np.arange(1, 11) / 5])
STRAIGHT = np.diag([0.7, 0.7, 5.0, 1.0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("turn", [(0, 0, 0), (0, 0, 33), (180, 0, 20), (7, 4, 0), (-176, 3, 60)])
@pytest.mark.parametrize("skips", [True, False])
def test_no_slice_is_passed_by_however_thin_the_gaps_around_it(dtype, turn, skips):
    """One bright voxel in each slice in turn: along the stack, and almost along it, it has its own value."""
    for k in range(len(TWO_GAPS)):
        array = np.full((len(TWO_GAPS), 25, 27), -900, dtype)
        array[k, 12, 13] = 1000
        volume = Volume(array, STRAIGHT, TWO_GAPS)
        point = volume.to_patient((13, 12, TWO_GAPS[k]))
        axes = rotation(turn)
        right, down = axes[:, 0] * 0.3, axes[:, 1] * 0.3
        picture = Picture(point - 5 * right - 4 * down, right, down, 11, 9)
        far = Picture(picture.origin - 200 * picture.normal, right, down, 11, 9)
        grid = bricks(volume) if skips else None
        for values in (project(volume, far, "max", bricks=grid), slab(volume, picture, "max", 12.0, bricks=grid)):
            assert values[4, 5] == pytest.approx(1000, abs=2)
        seen = projection_point(volume, far, "max", 5, 4)
        assert seen.value == pytest.approx(1000, abs=2) and seen.point == pytest.approx(point, abs=0.05)
        array[:] = -array
        dark = Volume(array, STRAIGHT, TWO_GAPS)
        assert project(dark, far, "min", bricks=bricks(dark))[4, 5] == pytest.approx(-1000, abs=2)


@pytest.mark.parametrize("turn", [(0, 0, 0), (25, 10, 0), (45, 0, 0), (60, -20, 0), (90, 0, 0), (0, 75, 30)])
def test_a_nodule_among_thin_slices_is_seen_from_everywhere_and_counts_in_a_mean(turn):
    """A ball of 3.5 mm in slices of 1 mm beside slices of 5 mm, against points a twentieth of a millimetre apart."""
    z, y, x = np.meshgrid(TWO_GAPS * 5, np.arange(41) * 0.7, np.arange(43) * 0.7, indexing="ij")
    centre = np.array([15.0, 14.1, (12 + 1) * 5])
    ball = np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2) < 1.75
    volume = Volume(np.where(ball, 50.0, -850.0).astype(np.float32), STRAIGHT, TWO_GAPS)
    axes = rotation(turn)
    right, down = axes[:, 0] * 0.5, axes[:, 1] * 0.5
    picture = Picture(centre - 4 * right - 4 * down, right, down, 9, 9)
    way = np.arange(-5, 5.001, 0.05)
    points = pixel_points(picture)[..., None, :] + way[:, None] * picture.normal
    index = points / (0.7, 0.7, 5.0)
    k = np.interp(index[..., 2], TWO_GAPS, np.arange(len(TWO_GAPS)), -99, -99)
    dense = map_coordinates(volume.array, [k, index[..., 1], index[..., 0]], order=1, cval=np.nan)
    highest = slab(volume, picture, "max", 10.0, bricks=bricks(volume))
    assert highest[4, 4] == pytest.approx(50, abs=1)
    assert np.abs(highest - np.nanmax(dense, axis=-1)).mean() < 40
    assert project(volume, picture, "max")[4, 4] == pytest.approx(50, abs=1)
    mean = slab(volume, picture, "mean", 10.0)
    assert np.abs(mean - np.nanmean(dense, axis=-1)).max() < 60
    assert project(volume, picture, "mean")[4, 4] > -850 + 900 * 3 / 90  # 3 mm of 70 at most, of 900


def test_the_clip_cuts_a_projection_of_a_stack_thinner_than_a_step():
    volume = Volume(np.full((2, 6, 6), 500, np.int16), np.eye(4), [0, 0.9])
    picture = Picture((0, 2, -5), (1, 0, 0), (0, 1, 0), 6, 1)
    for projection in ("max", "min", "mean"):
        values = project(volume, picture, projection, clip=[(1, 0, 0, 2.5)])
        assert values[0].tolist() == [float(OUTSIDE)] * 3 + [500.0] * 3


def test_a_slab_over_a_hole_counts_only_samples_on_slices():
    """Steps of an eighth, the least gap, from 2 9/16 to 10 7/16: those in the hole and beyond the end count nowhere."""
    volume = uneven(np.float32, np.eye(4), (HOLE,))
    picture = Picture((0, 0, 6.5), (1, 0, 0), (0, 1, 0), 11, 7)
    assert sample_count(volume, picture, 8.0) == 64

    def layers(places):
        z = np.interp(places, PLACES, np.arange(9))
        low = np.minimum(z.astype(int), 7)
        return volume.array[low] + (z - low)[:, None, None] * (volume.array[low + 1] - volume.array[low])

    steps = 6.5 + (np.arange(64) - 31.5) / 8
    steps = steps[(steps <= 5) | ((steps >= 9) & (steps <= 10.25))]
    on_slices = layers([2.5625, 4, 5, 9, 10.25])
    assert np.abs(slab(volume, picture, "max", 8.0) - on_slices.max(axis=0)).max() <= 0.01
    assert np.abs(slab(volume, picture, "min", 8.0) - on_slices.min(axis=0)).max() <= 0.01
    assert np.abs(slab(volume, picture, "mean", 8.0) - layers(steps).mean(axis=0)).max() <= 0.01
    inside = Picture((0, 0, 7), (1, 0, 0), (0, 1, 0), 11, 7)
    assert (slab(volume, inside, "max", 3.0) == OUTSIDE).all()


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.floats(0.002, 40), min_size=1, max_size=30),
    holes=st.sets(st.integers(0, 29), max_size=4),
)
def test_any_places_are_found_again(gaps, holes):
    """Sampling a ramp of slice numbers along the stack gives the slice number at each place, whatever the table."""
    places = np.concatenate([[0], np.cumsum(gaps)])
    holes = tuple(k for k in holes if k < len(gaps))
    array = np.broadcast_to(np.arange(len(places), dtype=np.float32)[:, None, None], (len(places), 2, 2)).copy()
    volume = Volume(array, np.eye(4), places, holes)
    wanted = np.linspace(0, places[-1], 257)
    picture = Picture((0, 0.5, 0), (0, 0, places[-1] / 256), (1, 0, 0), 257, 1)
    values = plane(volume, picture)[0]
    k = np.clip(np.searchsorted(places, wanted, side="right") - 1, 0, len(gaps) - 1)
    near = np.minimum(wanted - places[k], places[k + 1] - wanted) < 2e-3
    in_hole = np.isin(k, holes)
    assert (values[in_hole & ~near] == OUTSIDE).all()
    shown = ~near & ~in_hole
    assert (values[shown] != OUTSIDE).all()
    # Float32 places are good to a hundred-thousandth of the whole stack.
    rate = 1 / np.diff(places)[k]
    assert (
        np.abs(values - np.interp(wanted, places, np.arange(len(places))))[shown] <= 2e-4 + 3e-5 * rate[shown]
    ).all()


def test_an_even_stack_has_an_empty_table():
    table = slices_of(None, 12, ())
    assert table.cells == 0
    assert [a.size for a in (table.guide, table.start, table.rate, table.slope)] == [0, 0, 0, 0]
    assert (table.last, table.section_first.tolist(), table.section_last.tolist()) == (11, [0], [11])
    # All tables have the same types, or kernels would be compiled once more for uneven stacks.
    other = slices_of(PLACES, 9, (HOLE,))
    assert [np.asarray(v).dtype for v in table] == [np.asarray(v).dtype for v in other]
    assert (other.section_first.tolist(), other.section_last.tolist()) == ([0, 7], [6, 8])


# ── volume rendering ──


def ball(dtype, places, affine=EVEN, shape=(23, 25), holes=()) -> Volume:
    """A soft ball of 0 to 400 in a box of 22 × 24 steps of x and y and as many places as `places` span."""
    ny, nx = shape
    x, y, p = np.arange(nx), np.arange(ny), np.asarray(places, float)
    q = [((c - (c[-1] + c[0]) / 2) / ((c[-1] - c[0]) / 2)) ** 2 for c in (p, y, x)]
    values = 400 * np.exp(-3 * (q[0][:, None, None] + q[1][:, None] + q[2]))
    return Volume(values.astype(dtype), affine, None if np.array_equal(p, np.arange(len(p))) else p, holes)


SPARSE = np.array([0, 1, 2, 2.5, 3, 3.5, 4.5, 5.5, 6, 7, 7.25, 7.5, 8, 9, 10, 10.5, 11, 12, 12.5, 13.5, 14.5, 15, 16])


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("affine", "holes"), [(SHEARED, ()), (TILTED, (5,)), (LEFT_HANDED, (0, 9, 10, 21))])
def test_rendering_agrees_with_its_dense_reference(dtype, affine, holes):
    volume = ball(dtype, SPARSE, affine, (17, 19), holes)
    for turn, size in (((0, 0, 0), (21, 17)), ((40, -25, 70), (13, 18)), ((180, 10, 0), (9, 7))):
        picture = centred(volume, *size, 0.8, turn)
        truth = rendering_reference(volume, picture, WARM, 0.05)
        values = volume_rendering_rgba(volume, picture, WARM, bricks(volume), 0.2)
        assert truth[..., 3].max() > 0.8
        assert np.abs(values - truth).max() <= 2.5 * GREY
        assert np.abs(values - truth).mean() <= 0.3 * GREY


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fine", [True, False])
def test_the_same_body_in_uneven_and_in_even_slices_gives_the_same_picture(dtype, fine):
    """Both sampled finely enough to be the same body; intervals of 1/5 to 1 step against 1/2."""
    random = np.random.default_rng(4)
    gaps = random.choice([0.2, 0.3, 0.5, 1.0], 60)
    places = np.concatenate([[0], np.cumsum(gaps)])
    affine = np.array([[0.8, 0, 0.1, 3], [0, 0.8, 0.3, -4], [0, 0, 1.2, 5], [0, 0, 0, 1.0]])
    finer = affine.copy()
    finer[:3, 2] *= places[-1] / 60
    uneven_ball, even_ball = ball(dtype, places, affine, (45, 41)), ball(dtype, np.arange(61), finer, (45, 41))
    for turn in ((0, 0, 0), (90, 0, 0), (35, -20, 60)):
        picture = centred(even_ball, 47, 43, 0.8, turn)
        a = volume_rendering(uneven_ball, picture, WARM, bricks(uneven_ball), 0.4, fine=fine)
        b = volume_rendering(even_ball, picture, WARM, bricks(even_ball), 0.4, fine=fine)
        assert b.max() > 100
        assert np.abs(a.astype(int) - b).max() <= (6 if fine else 10)
        assert np.abs(a.astype(int) - b).mean() <= 0.6


@pytest.mark.parametrize("dtype", DTYPES)
def test_places_that_are_even_give_the_even_picture(dtype):
    even = ball(dtype, np.arange(19), SHEARED, (17, 23))
    same = Volume(even.array, SHEARED, np.arange(19.0))
    picture = centred(even, 45, 39, 0.4, (10, 20, 30))
    assert (plane(even, picture) == plane(same, picture)).mean() > 0.99
    assert np.abs(plane(even, picture) - plane(same, picture)).max() <= 0.01
    a, b = (volume_rendering(v, picture, WARM, bricks(v), 0.5) for v in (even, same))
    assert a.max() > 100
    assert np.abs(a.astype(int) - b).max() <= 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("tau", [0.005, 0.08, 0.5])
@pytest.mark.parametrize("step", [0.3, 1.0, 3.7])
def test_a_hole_absorbs_nothing(dtype, tau, step):
    """alpha = 1 − exp(−τL), L without the holes; also where a hole is thinner than a step, and beside each other."""
    places = np.array([0, 1, 2, 4, 5.5, 6, 6.5, 9, 10, 11.0])
    holes = (2, 4, 6, 8)  # the last leaves one slice alone, which has no thickness
    solid = places[-1] - np.diff(places)[list(holes)].sum()
    volume = Volume(np.full((10, 13, 12), 200, dtype), np.diag([0.7, 0.9, 1.3, 1.0]), places, holes)
    transfer = TransferFunction(((100.0, (1, 1, 1), tau), (300.0, (1, 1, 1), tau)))
    for turn in ((0, 0, 0), (180, 0, 0)):
        rgba = volume_rendering_rgba(volume, centred(volume, 5, 3, 0.2, turn), transfer, bricks(volume), step)
        assert np.abs(rgba[..., 3] - (1 - np.exp(-tau * solid * 1.3))).max() <= GREY
    # Along the slices: columns of pixels within a hole stay black.
    across = volume_rendering_rgba(volume, centred(volume, 5, 71, 0.2, (90, 0, 0)), transfer, bricks(volume), step)
    place = volume.to_index(pixel_points(centred(volume, 5, 71, 0.2, (90, 0, 0))))[..., 2]
    k = np.clip(np.searchsorted(places, place, side="right") - 1, 0, 8)
    beyond = (place < 0) | (place > places[-1])
    near = np.abs(place[..., None] - places).min(axis=-1) < 0.01
    empty = beyond | np.isin(k, holes)
    assert rgba_is(across[empty & ~near], 0)
    assert rgba_is(across[~empty & ~near][:, 3], 1 - np.exp(-tau * 12 * 0.9))


def rgba_is(values, truth) -> bool:
    return values.size > 0 and bool(np.abs(values - truth).max() <= GREY)


@pytest.mark.parametrize("turn", [(0, 0, 0), (180, 0, 0), (40, 10, 0)])
def test_a_hole_has_no_surface_of_its_own(turn):
    """A slope is lit the same on both sides of a hole and without it: neither a dark nor a bright edge."""
    places = np.array([0, 1, 1.5, 2.5, 5.5, 6, 7, 7.5, 8.5])
    slope = np.broadcast_to((20 * places)[:, None, None], (9, 30, 30)).astype(np.float32).copy()
    transfer = TransferFunction(((-1.0, (0.5, 0.4, 0.3), 0.02), (400.0, (0.5, 0.4, 0.3), 0.02)), flat_gradient=20.0)
    colours = []
    for holes in ((), (3,)):
        volume = Volume(slope, np.eye(4), places, holes)
        rgba = volume_rendering_rgba(volume, centred(volume, 9, 7, 0.5, turn), transfer, bricks(volume), 0.1)
        colours.append(rgba[..., :3] / rgba[..., 3:])
    assert colours[0].std(axis=(0, 1)).max() < 0.01
    assert np.abs(colours[0] - colours[1]).max() <= 2.5 * GREY


@pytest.mark.parametrize("dtype", DTYPES)
def test_turning_volume_and_camera_together_changes_nothing(dtype):
    volume = ball(dtype, SPARSE, TILTED, (17, 19), (7,))
    picture = centred(volume, 45, 39, 0.4, (10, 20, 30))
    turn, way = rotation((40, -25, 110)), np.array([5.0, -6, 7])
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn @ TILTED[:3, :3], turn @ TILTED[:3, 3] + way
    turned = Volume(volume.array, affine, SPARSE, (7,))
    moved = Picture(turn @ picture.origin + way, turn @ picture.right, turn @ picture.down, 45, 39)
    a, b = (volume_rendering(v, p, WARM, bricks(v), 0.5) for v, p in ((volume, picture), (turned, moved)))
    assert a.max() > 100
    assert np.abs(a.astype(int) - b).max() <= 1
    # The array turned over, with its places counted from the other end: the same body.
    over = affine.copy()
    over[:3, 2] *= -1
    over[:3, 3] = turned.to_patient((0, 0, SPARSE[-1]))
    upside = Volume(np.ascontiguousarray(volume.array[::-1]), over, SPARSE[-1] - SPARSE[::-1], (22 - 1 - 7,))
    c = volume_rendering(upside, moved, WARM, bricks(upside), 0.5)
    assert np.abs(b.astype(int) - c).max() <= 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pixel", [0.3, 1.1, 9.0])
def test_skipping_empty_bricks_changes_nothing(dtype, pixel):
    rng = np.random.default_rng(8)
    array = np.zeros((70, 61, 83), dtype)
    for z, y, x in rng.integers(3, 55, (12, 3)):
        array[z : z + 3, y : y + 4, x : x + 2] = 300
    places = np.concatenate([[0], np.cumsum(rng.choice([0.1, 0.5, 1, 6.0], 69))])
    volume = Volume(array, SHEARED, places, (20, 41))
    grid = bricks(volume)
    full = type(grid)(np.full_like(grid.lowest, -1000), np.full_like(grid.highest, 3000))
    for turn in ((0, 0, 0), (31, -47, 12), (90, 0, 0)):
        picture = centred(volume, 53, 47, pixel, turn)
        skipped = volume_rendering(volume, picture, WARM, grid, 0.5)
        plain = volume_rendering(volume, picture, WARM, full, 0.5)
        assert plain.max() > 20
        assert np.abs(skipped.astype(int) - plain).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("places", "holes"), [((0, 0.3), ()), ((0, 0.3), (0,)), ((0, 1, 1.7), (0,)), ((0, 1, 5), (0, 1))]
)
def test_stacks_of_two_and_three_slices_can_be_seen(dtype, places, holes):
    volume = uneven(dtype, SHEARED, holes, places=places)
    for turn in ((0, 0, 0), (90, 0, 0), (33, 44, 55)):
        picture = centred(volume, 21, 17, 0.3, turn)
        values, truth = slab(volume, picture, "max", 2), reference(volume, picture, "max", 2)
        both = (values != OUTSIDE) & (truth != OUTSIDE)
        assert ((values == OUTSIDE) == (truth == OUTSIDE)).mean() > 0.95
        assert np.abs(values - truth)[both].max(initial=0) <= 2e-3 * STEP
        shown = volume_rendering_rgba(volume, picture, WARM, bricks(volume), 0.05)
        assert np.isfinite(shown).all()
        assert np.abs(shown - rendering_reference(volume, picture, WARM, 0.05))[..., 3].mean() <= 3 * GREY
        if len(holes) == len(places) - 1:
            assert shown.max() == 0


@pytest.mark.parametrize("turn", [(0, 30, 0), (0, 50, 0), (0, 75, 10)])
@pytest.mark.parametrize("gap", [0.5, 1.0, 2.5])
def test_an_oblique_slab_is_as_thick_as_it_is_asked_for_however_far_slices_lie_apart(turn, gap):
    even = random_volume(np.int16, (9, 23, 25), np.eye(4))
    volume = Volume(even.array, np.eye(4), np.arange(9) * gap)  # a place is a millimetre
    picture = centred(volume, 5, 5, 1.0, turn)
    apart = spacing_along(volume, picture.normal)
    samples = slab_samples(volume, picture, "max", 10.0)
    assert samples.axis >= 0
    half_mm = samples.reach * np.linalg.norm(samples.grid[3])
    assert half_mm == pytest.approx((sample_count(volume, picture, 10.0) - 1) / 2 * apart, rel=1e-9)
    assert 10 - 2 * apart <= 2 * half_mm <= 10
