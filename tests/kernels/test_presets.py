"""What each preset shows: rays through tissues whose HU are known, against the law of absorption."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from clinical.phantoms.body import body
from kernels.bricks import bricks
from kernels.picture import Picture
from kernels.presets import GROUP_OF, PRESETS
from kernels.rendering import STILL_EXIT, volume_rendering_rgba
from kernels.transfer import opacities
from kernels.volume import Volume

CT = [name for name in PRESETS if name.startswith("ct_")]
OTHERS = [name for name in PRESETS if name not in CT]

# Boxes of the phantom that hold one tissue, mm about its middle: x to the left, y to the back, z to the head.
TISSUES = {
    "bone": ((-84, -72), (40, 80), (-165, -155)),  # the iliac wing, 9 mm thick
    "muscle": ((120, 129), (-20, 10), (-95, -65)),
    "skin": ((-20, 20), (-125, -100), (-100, -60)),  # from the air in front to the fat below it
    "fat": ((-20, 20), (-103, -98), (-100, -60)),
    "lung": ((92, 108), (-30, 10), (85, 100)),
    "vessel": ((25, 41), (-38, -22), (60, 80)),  # 330 HU, as wide as the left ventricle
    "liver": ((-75, -55), (-30, 0), (-35, -15)),
    "kidney": ((54, 62), (32, 44), (-80, -60)),
    "bowel": ((20, 44), (-90, -20), (-95, -80)),  # gas, its walls, and the muscles before it
    "windpipe": ((-3, 3), (12, 16), (120, 150)),
    "air": ((-170, -160), (-160, -140), (0, 50)),
}
HIDES, VEILS, ABSENT = (0.9, 1.0), (0.02, 0.9), (0.0, 0.05)

SHOWN: dict[str, dict[str, tuple[float, float]]] = {
    "ct_cta": {"vessel": HIDES, "bone": HIDES, "muscle": ABSENT, "liver": ABSENT},
    "ct_vessel": {"vessel": HIDES, "bone": HIDES, "muscle": ABSENT, "liver": ABSENT},
    "ct_coronary": {"vessel": HIDES, "bone": HIDES, "muscle": ABSENT, "liver": ABSENT},
    "ct_heart": {"vessel": HIDES, "kidney": VEILS, "muscle": ABSENT, "fat": ABSENT, "lung": ABSENT},
    "ct_plaque": {"vessel": VEILS, "muscle": ABSENT, "liver": ABSENT},
    "ct_lung": {"skin": VEILS, "bowel": VEILS, "bone": ABSENT, "muscle": ABSENT, "fat": ABSENT, "vessel": ABSENT},
    "ct_pulmonary": {"vessel": VEILS, "bone": VEILS, "skin": VEILS, "muscle": ABSENT, "lung": ABSENT},
    "ct_airway": {"windpipe": VEILS, "lung": ABSENT, "bone": ABSENT, "muscle": ABSENT, "vessel": ABSENT},
    "ct_bone": {"bone": HIDES, "muscle": ABSENT, "skin": ABSENT, "liver": ABSENT},
    "ct_bone_skin": {"bone": HIDES, "skin": VEILS, "muscle": ABSENT, "liver": ABSENT},
    "ct_bone_dense": {"bone": (0.5, 1.0), "vessel": ABSENT, "muscle": ABSENT},
    "ct_bone_child": {"bone": HIDES, "vessel": HIDES, "liver": (0.05, 0.5), "muscle": ABSENT},
    "ct_dental": {"bone": VEILS, "muscle": ABSENT, "liver": ABSENT, "skin": ABSENT},
    "ct_metal": {"bone": VEILS, "muscle": ABSENT, "liver": ABSENT, "skin": ABSENT},
    "ct_skin": {"skin": HIDES, "fat": HIDES, "lung": ABSENT},
    "ct_muscle": {"muscle": HIDES, "bone": HIDES, "fat": ABSENT, "skin": ABSENT},
    "ct_soft": {"muscle": VEILS, "liver": HIDES, "fat": ABSENT},
    "ct_abdomen": {"liver": HIDES, "kidney": HIDES, "vessel": HIDES, "muscle": ABSENT, "fat": ABSENT},
    "ct_kidney": {"kidney": (0.6, 1.0), "liver": (0.0, 0.4), "muscle": ABSENT},
    "ct_urography": {"bone": VEILS, "vessel": VEILS, "muscle": ABSENT, "skin": ABSENT},
    "ct_gas": {"bowel": VEILS, "skin": VEILS, "muscle": ABSENT, "fat": ABSENT, "bone": ABSENT},
    "ct_translucent": {"bone": HIDES, "muscle": VEILS, "skin": VEILS},
}

# Millimetres of a value (HU, or a fraction of the volume's range), and how much of what is behind it they hide.
VALUES: dict[str, list[tuple[float, float, tuple[float, float]]]] = {
    "ct_plaque": [(1300, 5, HIDES), (350, 20, VEILS)],
    "ct_bone_dense": [(1300, 5, HIDES)],
    "ct_dental": [(2500, 2, HIDES), (700, 10, VEILS)],  # enamel, jaw
    "ct_metal": [(3000, 1, HIDES), (900, 10, VEILS)],
    "ct_urography": [(1200, 3, HIDES), (300, 10, VEILS)],
    "mr_default": [(0.1, 100, ABSENT), (0.9, 10, HIDES)],
    "mr_angio": [(0.5, 100, ABSENT), (1.5, 3, HIDES)],
    "mr_angio_ce": [(0.4, 100, ABSENT), (1.0, 5, HIDES)],
    "mr_brain": [(0.25, 100, ABSENT), (0.7, 10, HIDES)],
    "mr_fluid": [(0.55, 100, ABSENT), (1.1, 5, HIDES)],
    "mr_skin": [(0.04, 100, ABSENT), (0.3, 5, HIDES)],
    "mr_translucent": [(0.04, 100, ABSENT), (0.3, 60, VEILS), (1.2, 10, HIDES)],
    "pt_body": [(0.02, 400, ABSENT), (0.15, 200, VEILS), (1.5, 10, HIDES)],
    "pt_hot": [(0.4, 400, ABSENT), (2.5, 10, HIDES)],
    "pt_grey": [(0.15, 100, VEILS), (2.0, 10, HIDES)],
}


def alpha(volume: Volume, name: str) -> float:
    """The median opacity of rays from the front through the inside of a volume; the box's range is 0 to 1."""
    low = volume.corners_mm.min(axis=0)
    right, down = np.diag(volume.affine)[[0, 2]] * 0.9
    width, height = (max(2, volume.array.shape[axis] - 1) for axis in (2, 0))
    picture = Picture(low + np.array([0.1, -1, 0.1]), np.array([right, 0, 0]), np.array([0, 0, down]), width, height)
    rgba = volume_rendering_rgba(volume, picture, PRESETS[name].scaled(0, 1), bricks(volume), 0.7)
    return float(np.median(rgba[..., 3]))


@cache
def tissue(name: str) -> Volume:
    array, spacing = _phantom()
    middle = (np.array(array.shape[::-1]) - 1) / 2
    x, y, z = (
        slice(round(low / step + at), round(high / step + at) + 1)
        for (low, high), step, at in zip(TISSUES[name], spacing, middle, strict=True)
    )
    return Volume(np.ascontiguousarray(array[z, y, x]), np.diag([*spacing, 1.0]))


@cache
def _phantom():
    return body(125, 128)


def uniform(value: float, thickness_mm: float) -> Volume:
    """One value, so thick from its first voxel centre to its last."""
    return Volume(np.full((4, 3, 4), value, np.float32), np.diag([1, thickness_mm / 2, 1, 1.0]))


def test_there_are_twenty_presets_and_each_modality_has_its_own():
    assert len(PRESETS) >= 21
    assert len(CT) >= 20
    for name, preset in PRESETS.items():
        prefix, *_ = name.split("_")
        assert prefix == {"CT": "ct", "MR": "mr", "PT": "pt"}[preset.modalities[0]]
        assert preset.relative == (prefix != "ct")
    # The first one of a modality is what its series open with.
    firsts = [next(n for n, p in PRESETS.items() if modality in p.modalities) for modality in ("CT", "MR", "PT", "NM")]
    assert firsts == ["ct_cta", "mr_default", "pt_body", "pt_body"]


def test_groups_follow_each_other_in_the_order_of_the_presets():
    assert list(GROUP_OF) == list(PRESETS)
    groups = list(GROUP_OF.values())
    assert sum(a != b for a, b in pairwise(groups)) == len(set(groups)) - 1


def test_the_presets_that_measurements_are_made_with_stay_as_they_were():
    assert opacities(PRESETS["ct_cta"].points) == [
        (-1024, "#000000", 0),
        (130, "#8c261a", 0),
        (200, "#bf4026", 0.06),
        (350, "#e6734d", 0.35),
        (600, "#f2e6cc", 0.6),
        (1200, "#fffff2", 0.85),
        (3071, "#ffffff", 0.9),
    ]
    assert opacities(PRESETS["ct_translucent"].points) == [
        (-1024, "#000000", 0),
        (-500, "#996650", 0),
        (-300, "#d99980", 0.02),
        (-150, "#e6b38c", 0.03),
        (-50, "#cc8066", 0.02),
        (60, "#bf4d40", 0.05),
        (150, "#cc5940", 0.1),
        (350, "#f29966", 0.3),
        (700, "#fff2d9", 0.6),
        (3071, "#ffffff", 0.9),
    ]
    assert (PRESETS["ct_cta"].faint, PRESETS["ct_translucent"].faint) == (0.004, 0.001)


@pytest.mark.parametrize("name", PRESETS)
def test_a_slab_of_each_point_s_value_hides_what_the_law_of_absorption_says(name):
    """o of one millimetre is 1 − (1 − o)^L of L."""
    for value, _, opacity in opacities(PRESETS[name].points)[1:-1]:
        for thickness in (1.0, 6.0):
            hidden = 1 - (1 - opacity) ** thickness
            # A table's cell is up to a thousandth of the range wide, and the steepest curve rises by .3 in 100 HU.
            assert alpha(uniform(value, thickness), name) == pytest.approx(hidden, abs=STILL_EXIT + 0.01), value


@pytest.mark.parametrize("name", CT)
def test_a_preset_shows_its_tissues_of_the_phantom_and_no_others(name):
    for part, (least, most) in SHOWN[name].items():
        assert least <= alpha(tissue(part), name) <= most, part
    if name != "ct_airway":  # which is for a box within the body, for that reason
        assert alpha(tissue("air"), name) == 0


@pytest.mark.parametrize("name", VALUES)
def test_a_preset_shows_the_values_that_it_is_for(name):
    for value, thickness, (least, most) in VALUES[name]:
        assert least <= alpha(uniform(value, thickness), name) <= most, value


def test_every_preset_says_what_it_shows():
    assert {*SHOWN, *VALUES} == set(PRESETS)


@pytest.mark.parametrize("name", ["ct_bone", "ct_bone_skin", "ct_bone_dense", "ct_bone_child"])
def test_bones_are_ivory(name):
    red, green, blue = PRESETS[name].colour(np.array([900.0]))[0]
    assert red > green > blue > 0.7


@pytest.mark.parametrize("name", ["ct_cta", "ct_vessel", "ct_coronary", "ct_heart"])
def test_vessels_go_from_red_to_cream(name):
    (rim, _, lumen) = PRESETS[name].colour(np.array([220.0, 350.0, 600.0]))
    assert rim[0] > 2.2 * max(rim[1:])
    assert lumen[0] > lumen[1] > lumen[2] > 0.7


@pytest.mark.parametrize("name", PRESETS)
def test_hardly_any_value_that_a_preset_shows_is_too_faint_to_be_lit(name):
    preset = PRESETS[name].scaled(0, 1000)
    values = np.linspace(preset.points[0][0], preset.points[-1][0], 10_000)
    weights = -np.expm1(-0.7 * preset.extinction(values))  # of the steps of a still
    assert (weights[weights > 0] > preset.faint).mean() > 0.95
