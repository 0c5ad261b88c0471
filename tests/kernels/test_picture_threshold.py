from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from kernels.errors import InvalidParameter
from kernels.picture_threshold import reference, threshold
from kernels.window import OUTSIDE
from tests.kernels.pictures import SHAPES, error, noise, torn


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kept", ["inside", "outside"])
def test_any_picture_agrees_with_its_reference(shape, kept):
    picture = torn(shape)
    assert error(threshold(picture, -100.5, 200.25, kept), reference(picture, -100.5, 200.25, kept)) == 0


def test_it_is_itk_s_threshold():
    picture = noise((40, 50))
    image = sitk.Threshold(sitk.GetImageFromArray(picture), -100.0, 200.0, float(OUTSIDE))
    assert np.array_equal(threshold(picture, -100, 200), sitk.GetArrayFromImage(image))


def test_the_ends_belong_to_the_range():
    picture = np.array([[-100.001, -100, 0, 200, 200.001, OUTSIDE]], np.float32)
    kept, removed = threshold(picture, -100, 200), threshold(picture, -100, 200, "outside")
    assert (kept != OUTSIDE).tolist() == [[False, True, True, True, False, False]]
    assert (removed != OUTSIDE).tolist() == [[True, False, False, False, True, False]]
    assert kept[0, 2] == 0 and removed[0, 4] == picture[0, 4]


def test_another_word_is_refused():
    with pytest.raises(InvalidParameter, match="inside or outside"):
        threshold(noise((5, 5)), 0, 1, "beside")  # type: ignore[arg-type]
