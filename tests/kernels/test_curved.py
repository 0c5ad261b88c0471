"""Curved reformats against their reference, planes, scipy, SimpleITK, and a tube about a helix."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from scipy.ndimage import map_coordinates

from kernels import plane
from kernels.curve import Curve
from kernels.curved import reference, reformat, spread_cpu
from kernels.curved_layouts import Sheet, Straightened, cross_section
from kernels.curved_picture import CurvedPicture, line_samples
from kernels.errors import InvalidParameter
from kernels.parallel_layouts import Projected, Stretched
from kernels.picture import Picture
from kernels.samples import slab_samples
from kernels.volume import Volume
from kernels.window import OUTSIDE
from tests.kernels.grids import DTYPES, LEFT_HANDED, SHEARED, random_volume, rotation
from tests.kernels.helix import CENTRE, LENGTH, clicked, helix, tube

STEP = 4095  # between the extreme values of a random volume
PROJECTIONS = ("max", "min", "mean")
PLACES = np.array([0, 1, 2, 2.125, 2.5, 4, 5, 9, 10.25, 11, 12.5])


def through(volume, seed=3, n=6) -> Curve:
    """A curve that wanders through a volume."""
    return Curve(volume.to_patient(np.random.default_rng(seed).uniform(0.1, 0.9, (n, 3)) * volume.last))


def pictures(curve, width=43, pixel_mm=0.31):
    """All layouts of a curve, with some rows beyond its ends."""
    for kind, how in ((Straightened, (33.0,)), (Stretched, ((1, 0.2, 0.3),)), (Projected, ((1, 0.2, 0.1),))):
        along = kind(curve, Sheet(3, 3, 1.0, 0.0), *how).extent_mm[1]
        yield kind(curve, Sheet(width, int(along / pixel_mm) + 7, pixel_mm, along / 2), *how).picture


def points_of(layout):
    v, u = np.indices((layout.sheet.height, layout.sheet.width))
    return layout.to_patient(np.stack([u, v], axis=-1))


def interpolated(volume, points):
    """scipy's trilinear values at patient points, not a number outside."""
    index = (points - volume.affine[:3, 3]) @ np.linalg.inv(volume.affine[:3, :3]).T
    return map_coordinates(volume.array.astype(float), np.moveaxis(index[..., ::-1], -1, 0), order=1, cval=np.nan)


def off(values, truth) -> float:
    """The largest difference where both show something; they must do so at the same pixels."""
    assert ((values == OUTSIDE) == (truth == OUTSIDE)).all()
    assert np.isfinite(values).all()
    return float(np.abs(values - truth)[truth != OUTSIDE].max(initial=0))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("affine", [SHEARED, LEFT_HANDED])
@pytest.mark.parametrize("projection", PROJECTIONS)
def test_every_layout_agrees_with_its_reference(dtype, affine, projection):
    volume = random_volume(dtype, (19, 17, 21), affine)
    for picture in pictures(through(volume)):
        for thickness in (0, 3.1, 12):
            values = reformat(volume, picture, projection, thickness)
            truth = reference(volume, picture, projection, thickness)
            assert (truth != OUTSIDE).mean() > 0.3 and (truth == OUTSIDE).any()
            assert off(values, truth) <= 1e-3 * STEP


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize("holes", [(), (6,), (0, 2, 6, 7)])
def test_uneven_stacks_and_holes_agree_with_the_reference(dtype, projection, holes):
    volume = Volume(random_volume(dtype, (11, 17, 21), SHEARED).array, SHEARED, PLACES, holes)
    seen = 0
    for picture in pictures(through(volume)):
        for thickness in (0, 4, 9.5):
            values = reformat(volume, picture, projection, thickness)
            truth = reference(volume, picture, projection, thickness)
            both = (values != OUTSIDE) & (truth != OUTSIDE)
            # A sample on the very edge of a hole may count in one and not in the other.
            assert ((values == OUTSIDE) != (truth == OUTSIDE)).sum() <= 0.005 * values.size
            assert (np.abs(values - truth)[both] > 1e-3 * STEP).sum() <= 0.005 * both.sum()
            seen += both.sum()
    assert seen > 3000


@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize("places", [None, PLACES])
def test_a_row_has_the_samples_of_a_plane(projection, places):
    volume = Volume(random_volume(np.int16, (11, 17, 21), SHEARED).array, SHEARED, places)
    for picture in pictures(through(volume), width=5, pixel_mm=1.3):
        # And rows along every axis of the volume.
        axes = np.concatenate([picture.right[:3] * 0 + volume.affine[:3, k] for k in range(3)])
        normals = np.concatenate([np.cross(axes[::3], [0.1, 0.2, 1])] * 3)
        normals -= (normals * axes).sum(axis=1, keepdims=True) / (axes**2).sum(axis=1, keepdims=True) * axes
        normals = np.concatenate([picture.normal, normals / np.linalg.norm(normals, axis=1, keepdims=True)])
        right = np.concatenate([picture.right, axes])
        origin = np.concatenate([picture.origin, np.tile(volume.centre_mm, (9, 1))])
        shown = np.concatenate([picture.shown, np.ones(9, bool)])
        rows = CurvedPicture(origin, right, normals, shown, 5)
        for thickness in (0.0, 0.9, 2.0, 7.7):
            lines = line_samples(volume, rows, projection, thickness)
            for v in np.flatnonzero(shown):
                truth = slab_samples(volume, rows.row(v), projection, thickness)
                assert (lines.totals[v], lines.axes[v]) == (truth.total, truth.axis)
                assert lines.reach[v] == np.float32(truth.reach)
                assert lines.grid[v] == pytest.approx(truth.grid[[0, 1, 3]], abs=1e-9)
                assert lines.plane[v] == pytest.approx(truth.grid[4, :2], abs=1e-9)
            assert (lines.totals[~shown] == 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("affine", [SHEARED, LEFT_HANDED])
def test_the_surface_agrees_with_scipy_where_the_points_are(dtype, affine):
    volume = random_volume(dtype, (19, 17, 21), affine)
    curve = through(volume)
    for layout in (
        Straightened(curve, Sheet(43, 60, 0.31, curve.length_mm / 2), -71.0),
        Stretched(curve, Sheet(43, 60, 0.31, 5.0), (0.2, 1, 0)),
        Projected(curve, Sheet(43, 60, 0.31, 5.0), (0.2, 1, 0)),
    ):
        truth = interpolated(volume, points_of(layout))
        values = reformat(volume, layout.picture)
        both = (values != OUTSIDE) & ~np.isnan(truth)
        assert both.mean() > 0.2
        assert ((values != OUTSIDE) == ~np.isnan(truth)).mean() > 0.99
        assert np.abs(values - truth)[both].max() <= 1e-3 * STEP


def test_the_surface_agrees_with_simpleitk():
    axes, spacing, position = rotation((5, 12, -8)), np.array([0.7, 0.7, 1.25]), np.array([-20.0, 13, 100])
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes * spacing, position
    volume = random_volume(np.int16, (40, 50, 60), affine)
    image = sitk.GetImageFromArray(volume.array)
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(position.tolist())
    image.SetDirection(axes.ravel().tolist())
    curve = through(volume)
    layout = Straightened(curve, Sheet(25, 40, 0.9, curve.length_mm / 2), 20.0)
    values, points = reformat(volume, layout.picture), points_of(layout)
    seen = values != OUTSIDE
    assert seen.sum() > 300
    truth = [image.EvaluateAtPhysicalPoint(point.tolist(), sitk.sitkLinear) for point in points[seen]]
    assert np.abs(values[seen] - truth).max() <= 1


@pytest.mark.parametrize("affine", [SHEARED, LEFT_HANDED, np.diag([0.5, 0.9, 3.0, 1.0])])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_ramp_is_exact_on_any_surface_and_in_any_slab(dtype, affine):
    """f = g·p + d: the surface shows f where it is, a slab f at its middle and at its ends."""
    per_voxel = np.array([16.0, -8.0, 24.0])
    z, y, x = np.indices((40, 60, 50))
    volume = Volume((x * per_voxel[0] + y * per_voxel[1] + z * per_voxel[2] - 300).astype(dtype), affine)
    gradient = per_voxel @ np.linalg.inv(affine[:3, :3])
    middle = volume.centre_mm
    turn = np.linspace(0, 4, 9)
    points = np.stack([3 * np.cos(turn), 3 * np.sin(turn), 1.5 * turn - 3], axis=-1) + middle
    curve = Curve(points)
    for layout in (
        Straightened(curve, Sheet(21, 31, 0.3, curve.length_mm / 2), 50.0),
        Stretched(curve, Sheet(21, 31, 0.3, 5.0), (0.2, 1, 0)),
        Projected(curve, Sheet(21, 31, 0.3, 5.0), (0.2, 1, 0), (0, 0, 1)),
    ):
        picture, shown = layout.picture, layout.picture.shown
        truth = ((points_of(layout) - affine[:3, 3]) @ gradient - 300)[shown]
        assert shown.sum() > 10
        near = 1e-3 * np.abs(per_voxel).max()
        assert np.abs(reformat(volume, picture)[shown] - truth).max() <= near
        spacing = 1 / np.linalg.norm(np.linalg.inv(affine[:3, :3]) @ picture.normal[shown].T, axis=0)
        half = (np.maximum(1, np.rint(5 / spacing)) - 1) / 2 * spacing
        rise = (half * np.abs(picture.normal[shown] @ gradient))[:, None]
        for projection, expected in (("max", truth + rise), ("min", truth - rise), ("mean", truth)):
            assert np.abs(reformat(volume, picture, projection, 5.0)[shown] - expected).max() <= near


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ends", [((8, 8, 1), (8, 8, 17)), ((2.3, 4.1, 1.2), (14.2, 11.7, 16.9))])
@pytest.mark.parametrize("projection", PROJECTIONS)
def test_a_straight_curve_is_the_plane(dtype, ends, projection):
    """Along the voxels, and across them."""
    volume = random_volume(dtype, (19, 17, 21), np.diag([0.8, 0.8, 1.0, 1.0]))
    ends = volume.to_patient(np.array(ends, float))
    # However the line is cut by its points.
    curve = Curve(ends[0] + (ends[1] - ends[0]) * np.array([0, 0.2, 0.35, 0.7, 1])[:, None])
    for degrees in (0.0, 90.0, 33.0):
        height = 1 + int(curve.length_mm / 0.2)
        sheet = Sheet(47, height, 0.2, (height - 1) / 2 * 0.2)
        frame = curve.frame_at(0.0, degrees)
        right, down = frame.across * 0.2, frame.tangent * 0.2
        mpr = Picture(ends[0] - 23 * right, right, down, 47, height)
        parallel = [kind(curve, sheet, frame.across) for kind in (Stretched, Projected)]
        for layout in (Straightened(curve, sheet, degrees), *parallel):
            for thickness in (0.0, 4.0):
                values = reformat(volume, layout.picture, projection, thickness)
                truth = plane.slab(volume, mpr, projection, thickness)
                assert ((values == OUTSIDE) == (truth == OUTSIDE)).mean() > 0.999
                both = (values != OUTSIDE) & (truth != OUTSIDE)
                assert both.mean() > 0.5
                assert np.abs(values - truth)[both].max() <= 1  # HU, of steps of 4095


def test_slices_are_shown_bit_for_bit():
    volume = random_volume(np.int16, (12, 15, 21), np.diag([0.68359375, 0.68359375, 0.68359375, 1.0]))
    mm = 0.68359375
    curve = Curve(volume.to_patient([[10, 3, 0], [10, 3, 11]]))
    layout = Straightened(curve, Sheet(21, 12, mm, curve.length_mm / 2))
    assert (reformat(volume, layout.picture) == volume.array[:, 3, :]).all()
    assert (reformat(volume, layout.picture, "max", 3 * mm) == volume.array[:, 2:5].max(axis=1)).all()


@pytest.fixture(scope="module")
def lumen():
    return tube()


@pytest.mark.parametrize("per_turn", [10, 16])
@pytest.mark.parametrize("degrees", [0.0, 45.0, 90.0])
def test_the_lumen_of_a_helix_stays_in_the_middle_of_its_straightened_picture(lumen, per_turn, degrees):
    curve = Curve(clicked(per_turn))
    assert curve.length_mm == pytest.approx(LENGTH, rel=0.002)
    mm = 0.1
    layout = Straightened(curve, Sheet(121, int(curve.length_mm / mm), mm, curve.length_mm / 2), degrees)
    values = reformat(lumen, layout.picture).astype(float) + 50
    assert layout.picture.shown.all() and (values >= 0).all()
    u = (np.arange(121) - 60) * mm
    weight = np.clip(values, 0, 450)[50:-50]  # the tube ends in a half-sphere
    offset = (weight * u).sum(axis=1) / weight.sum(axis=1)
    assert np.abs(offset).mean() <= 0.1
    width = (weight / 450).sum(axis=1) * mm
    assert width.mean() == pytest.approx(5, abs=0.1)


def test_the_lumen_of_a_helix_is_bright_along_its_stretched_and_projected_pictures(lumen):
    curve = Curve(clicked(16))
    s = np.linspace(3, curve.length_mm - 3, 400)
    for layout in (
        Stretched(curve, Sheet(400, 1100, 0.25, 131.0), (0, 0, 1)),
        Stretched(curve, Sheet(400, 1100, 0.25, 131.0), (0.1, 0.3, 1)),
        Projected(curve, Sheet(400, 500, 0.25, 39.0), (1, 0, 0)),
    ):
        values = reformat(lumen, layout.picture)
        u, v = np.rint(layout.to_pixels(helix(s / curve.length_mm * LENGTH))).astype(int).T
        inside = (v >= 0) & (v < values.shape[0])
        assert inside.all()
        assert (values[v, u] >= 395).all()


def test_a_cross_section_of_the_tube_is_a_disc_of_its_size(lumen):
    curve = Curve(clicked(24))
    for s in (60.0, 137.0, 222.2):
        values = plane.plane(lumen, cross_section(curve, s, 0.1, 81))
        area = ((values + 50) / 450).sum() * 0.01
        assert area == pytest.approx(np.pi * (2.5**2 + 1.2**2 / 12), rel=0.02)
        v, u = np.indices(values.shape) - 40
        for axis in (u, v):
            assert abs(((values + 50) * axis).sum() / (values + 50).sum()) * 0.1 <= 0.1


def test_a_slab_of_the_tube_shows_its_width_from_every_angle(lumen):
    """The maximum over a slab thicker than the tube is as bright as its middle; the mean is what there is of it.

    At the tube's edge a mean may be a little higher than a maximum, whose samples are others.
    """
    curve = Curve(clicked(24))
    sheet = Sheet(81, 200, 0.2, curve.length_mm / 2)
    for degrees in (0.0, 60.0):
        picture = Straightened(curve, sheet, degrees).picture
        highest, mean = reformat(lumen, picture, "max", 8.0), reformat(lumen, picture, "mean", 8.0)
        assert (highest[:, 36:45] >= 395).all()
        assert (highest >= mean - 5).all()
        # n samples, one at least every 0.9 mm: their mean of a chord of 5 mm.
        assert ((mean[:, 40] + 50) / 450).mean() == pytest.approx(5 / 8, abs=0.06)


@pytest.mark.parametrize("turn", [(0, 33, 0), (33, -21, 64), (25, 40, 0)])
def test_a_double_oblique_plane_is_an_ordinary_picture(turn):
    """A plane turned about two axes of the volume shows a ramp exactly; it needs nothing of its own."""
    z, y, x = np.indices((40, 60, 50))
    affine = np.diag([0.7, 0.6, 1.1, 1.0])
    volume = Volume((16 * x - 8 * y + 24 * z).astype(np.int16), affine)
    gradient = np.array([16, -8, 24]) / (0.7, 0.6, 1.1)
    axes = rotation(turn)
    right, down = axes[:, 0] * 0.4, axes[:, 1] * 0.4
    picture = Picture(volume.centre_mm - 20 * right - 15 * down, right, down, 41, 31)
    u, v = np.meshgrid(np.arange(41), np.arange(31))
    truth = (picture.origin + u[..., None] * right + v[..., None] * down) @ gradient
    values = plane.plane(volume, picture)
    assert (values != OUTSIDE).all()
    assert np.abs(values - truth).max() <= 1e-3 * 24


def test_samples_outside_count_in_neither_maximum_minimum_nor_mean():
    volume = Volume(np.full((15, 16, 17), -700, np.int16), np.eye(4))
    curve = through(volume)
    for picture in pictures(curve, width=60, pixel_mm=0.5):
        for projection in PROJECTIONS:
            for thickness in (0.0, 30.0):
                values = reformat(volume, picture, projection, thickness)
                seen = values != OUTSIDE
                assert 0.05 < seen.mean() < 1
                assert (np.abs(values[seen] + 700) <= 1e-5 * 700).all()


def test_rows_beyond_the_curve_and_pixels_beyond_the_volume_are_background():
    volume = random_volume(np.int16, (12, 15, 21), np.eye(4))
    curve = Curve([[10, 7, 2], [10, 7, 9]])
    values = reformat(volume, Straightened(curve, Sheet(31, 29, 1.0, 3.5)).picture, "max", 5.0)
    shown = values != OUTSIDE
    assert (np.flatnonzero(shown.any(axis=1)) == np.arange(11, 18)).all()
    assert (np.flatnonzero(shown.any(axis=0)) == np.arange(5, 26)).all()
    far = Curve([[1000, 0, 0], [1000, 0, 50]])
    assert (reformat(volume, Straightened(far, Sheet(31, 29, 1.0, 3.5)).picture, "mean", 9.0) == OUTSIDE).all()


@pytest.mark.parametrize("size", [(1, 1), (15, 3), (16, 2), (17, 33), (65, 31)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_pictures_of_any_size_have_every_pixel(size, dtype):
    volume = random_volume(dtype, (19, 17, 21), SHEARED)
    curve = through(volume)
    picture = Straightened(curve, Sheet(*size, 0.4, curve.length_mm / 2), 10.0).picture
    for thickness in (0.0, 4.0):
        values = reformat(volume, picture, "max", thickness)
        assert off(values, reference(volume, picture, "max", thickness)) <= 1e-3 * STEP


@pytest.mark.parametrize("shape", [(2, 2, 2), (2, 9, 3), (17, 18, 3)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_thin_volumes_can_be_seen(shape, dtype):
    volume = random_volume(dtype, shape, SHEARED)
    for picture in pictures(through(volume, n=3), pixel_mm=0.1):
        for projection in PROJECTIONS:
            values = reformat(volume, picture, projection, 2.0)
            truth = reference(volume, picture, projection, 2.0)
            both = (values != OUTSIDE) & (truth != OUTSIDE)
            assert ((values == OUTSIDE) == (truth == OUTSIDE)).mean() > 0.99
            assert np.abs(values - truth)[both].max(initial=0) <= 1e-3 * STEP


def test_numbers_of_rows_that_are_not_shown_mean_nothing():
    volume = random_volume(np.int16, (5, 6, 7), SHEARED)
    origin = np.tile(volume.centre_mm, (3, 1))
    origin[1] = np.nan
    picture = CurvedPicture(origin, np.tile([0.1, 0, 0], (3, 1)), np.tile([0, 0, 1.0], (3, 1)), [1, 0, 1], 20)
    for projection in PROJECTIONS:
        values = reformat(volume, picture, projection, 3.0)
        assert (values[1] == OUTSIDE).all()
        assert (values[0] == values[2]).all() and (values[0] != OUTSIDE).any()
    assert off(reformat(volume, picture, "max", 3.0), reference(volume, picture, "max", 3.0)) <= 1e-3 * STEP


def test_a_read_only_array_and_a_stack_with_holes_need_no_second_compilation():
    volume = random_volume(np.int16, (5, 6, 7), SHEARED)
    picture = Straightened(through(volume), Sheet(9, 9, 0.3, 2.0)).picture
    truth = reformat(volume, picture)
    kinds = len(spread_cpu.signatures)
    array = volume.array.copy()
    array.flags.writeable = False
    assert (reformat(Volume(array, SHEARED), picture) == truth).all()
    reformat(Volume(array, SHEARED, [0, 1, 2.5, 3, 4], (2,)), picture, "mean", 3.0)
    assert len(spread_cpu.signatures) == kinds


@pytest.mark.parametrize("thickness", [-1, float("nan"), float("inf"), 1e9])
def test_a_slab_without_a_thickness_is_refused(thickness):
    volume = random_volume(np.int16, (5, 6, 7), SHEARED)
    with pytest.raises(InvalidParameter):
        reformat(volume, Straightened(through(volume), Sheet(9, 9, 0.3, 2.0)).picture, "max", thickness)


def test_an_unknown_projection_is_refused_and_out_is_filled_and_must_fit():
    volume = random_volume(np.int16, (5, 6, 7), SHEARED)
    picture = Straightened(through(volume), Sheet(9, 7, 0.3, 2.0)).picture
    with pytest.raises(InvalidParameter):
        reformat(volume, picture, "median", 1.0)
    out = np.empty((7, 9), np.float32)
    assert reformat(volume, picture, "mean", 0.0, out) is out
    for wrong in (np.empty((9, 7), np.float32), np.empty((7, 9)), np.empty((7, 18), np.float32)[:, ::2]):
        with pytest.raises(InvalidParameter):
            reformat(volume, picture, "mean", 0.0, wrong)


def test_turning_volume_and_curve_together_changes_nothing():
    volume = random_volume(np.int16, (19, 17, 21), SHEARED)
    curve, turn, way = through(volume), rotation((40, -25, 110)), np.array([5.0, -6, 7])
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn @ SHEARED[:3, :3], turn @ SHEARED[:3, 3] + way
    turned, moved = Volume(volume.array, affine), Curve(curve.points @ turn.T + way)
    line = np.array([0.2, 1, 0.3])
    for projection in ("max", "mean"):
        a = reformat(volume, Stretched(curve, Sheet(43, 51, 0.3, 6.0), line).picture, projection, 3.0)
        b = reformat(turned, Stretched(moved, Sheet(43, 51, 0.3, 6.0), turn @ line).picture, projection, 3.0)
        assert ((a == OUTSIDE) == (b == OUTSIDE)).mean() > 0.999
        both = (a != OUTSIDE) & (b != OUTSIDE)
        assert both.mean() > 0.3 and np.abs(a - b)[both].max() <= 1e-3 * STEP


def test_the_phantom_is_where_its_formula_says(lumen):
    assert lumen.to_index(CENTRE).min() > 20
    assert interpolated(lumen, helix(np.linspace(0, LENGTH, 200))).min() > 390
