from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import uid
from pydicom.pixels.processing import convert_color_space

from storage.dicom import decode
from storage.dicom.decode import is_int16
from storage.dicom.decoders import pydicom as second_way
from storage.dicom.write import write_colour, write_instance, write_projection, write_series
from storage.errors import UnreadablePixels
from tests.storage.dicom.pictures import header, ramp, stored, values

EXPLICIT = uid.ExplicitVRLittleEndian
PADDING, LIMIT = 0x00280120, 0x00280121
HOUNSFIELD = {"Modality": "CT", "SOPClassUID": uid.CTImageStorage, "RescaleSlope": 1, "RescaleIntercept": 0}
LOSSLESS = [
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.RLELossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEG2000Lossless,
    uid.HTJ2KLossless,
]
Unpacked = Callable[[str], dict[str, bytes]]


@pytest.mark.parametrize("transfer_syntax", LOSSLESS)
def test_grey_values_come_back_as_written(transfer_syntax: str) -> None:
    array = np.random.default_rng(0).integers(-1024, 3000, (1, 31, 45)).astype(np.int16)
    assert np.array_equal(values(next(write_series(array, np.eye(4), transfer_syntax=transfer_syntax))), array[0])


@pytest.mark.parametrize("transfer_syntax", LOSSLESS)
def test_colours_of_every_frame_come_back_as_written(transfer_syntax: str) -> None:
    cine = np.random.default_rng(0).integers(0, 255, (3, 17, 22, 3)).astype(np.uint8)
    data = write_colour(cine, transfer_syntax=transfer_syntax)
    assert np.array_equal([values(data, frame) for frame in range(3)], cine)


@pytest.mark.parametrize("transfer_syntax", LOSSLESS)
def test_signed_values_come_back_as_written(transfer_syntax: str) -> None:
    array = np.random.default_rng(0).integers(-32768, 32767, (16, 18)).astype(np.int16)
    assert np.array_equal(stored(write_instance(array, 0, transfer_syntax, {})), array)


@given(
    bits=st.integers(1, 16),
    shift=st.integers(0, 15),
    signed=st.booleans(),
    noise=st.integers(0, 65535),
    number=st.integers(0, 65535),
)
def test_bits_outside_of_the_stored_ones_are_ignored_and_the_sign_is_extended(
    bits: int, shift: int, signed: bool, noise: int, number: int
) -> None:
    shift = min(shift, 16 - bits)
    number %= 1 << bits
    mask = ((1 << bits) - 1) << shift
    word = (number << shift) | (noise & ~mask & 0xFFFF)
    truth = number - (1 << bits) if signed and number >> (bits - 1) else number
    data = write_instance(np.full((2, 2), word, np.uint16), 0, EXPLICIT, {})
    pixels = header(data).pixels
    assert pixels is not None
    laid = type(pixels)(
        **{
            **{name: getattr(pixels, name) for name in type(pixels).__slots__},
            "bits_stored": bits,
            "high_bit": shift + bits - 1,
            "signed": signed,
        }
    )
    raw = np.full((2, 2), word, np.uint16)
    assert decode.stored_values(raw, laid).tolist() == [[truth] * 2] * 2


def test_a_codestream_of_fewer_bits_than_the_header_says_keeps_its_sign() -> None:
    pixels = header(write_instance(np.zeros((1, 4), np.int16), 0, EXPLICIT, {"BitsStored": 12})).pixels
    assert pixels is not None and (pixels.high_bit, pixels.signed) == (11, True)
    raw = np.array([[-128, -3, 0, 127]], np.int8)
    assert decode.stored_values(raw, pixels).tolist() == raw.tolist()


def test_planes_of_colour_are_put_together() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (6, 8, 3)).astype(np.uint8)
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1)).reshape(6, 8, 3)
    assert np.array_equal(values(write_colour(planes, attributes={"PlanarConfiguration": 1})), picture)


@pytest.mark.parametrize(
    ("ybr", "rgb"),
    [
        # PS3.3 C.7.6.3.1.2; pure colours by ITU-T T.871.
        ((0, 128, 128), (0, 0, 0)),
        ((255, 128, 128), (255, 255, 255)),
        ((76, 85, 255), (254, 0, 0)),
        ((150, 44, 21), (0, 255, 1)),
        ((29, 255, 107), (0, 0, 254)),
    ],
)
def test_luminance_and_chroma_become_red_green_and_blue(ybr: tuple[int, ...], rgb: tuple[int, ...]) -> None:
    picture = np.full((4, 4, 3), ybr, np.uint8)
    data = write_colour(picture, attributes={"PhotometricInterpretation": "YBR_FULL"})
    assert values(data)[0, 0].tolist() == pytest.approx(rgb, abs=1)


def test_luminance_and_chroma_are_converted_as_pydicom_does() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    data = write_colour(picture, attributes={"PhotometricInterpretation": "YBR_FULL"})
    truth = convert_color_space(picture, "YBR_FULL", "RGB").astype(int)
    assert np.abs(values(data) - truth).max() <= 1


@pytest.mark.parametrize(
    ("ybr", "rgb"),
    # ITU-R BT.601: black is 16, white 235, and the pure colours of its colour bars.
    [((16, 128), (0, 0, 0)), ((235, 128), (255, 255, 255)), ((126, 128), (128, 128, 128))],
)
def test_the_retired_partial_range_is_spread(ybr: tuple[int, int], rgb: tuple[int, ...]) -> None:
    pairs = np.tile(np.array([ybr[0], ybr[0], ybr[1], ybr[1]], np.uint8), 8).reshape(4, 8)
    attributes = {"SamplesPerPixel": 3, "PhotometricInterpretation": "YBR_PARTIAL_422", "Columns": 4}
    assert values(write_instance(pairs, 0, EXPLICIT, {**attributes, "PlanarConfiguration": 0}))[0, 0].tolist() == list(
        rgb
    )


def test_partial_red_is_red() -> None:
    pairs = np.tile(np.array([81, 81, 90, 240], np.uint8), 8).reshape(4, 8)
    attributes = {"SamplesPerPixel": 3, "PhotometricInterpretation": "YBR_PARTIAL_422", "Columns": 4}
    red = values(write_instance(pairs, 0, EXPLICIT, {**attributes, "PlanarConfiguration": 0}))[0, 0]
    assert np.abs(red.astype(int) - [255, 0, 0]).max() <= 2


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 7), (7, 1), (3, 5)])
@pytest.mark.parametrize("transfer_syntax", LOSSLESS)
def test_odd_sizes_come_back_as_written(transfer_syntax: str, rows: int, columns: int) -> None:
    if transfer_syntax == uid.HTJ2KLossless and min(rows, columns) < 3:
        pytest.skip("the encoder makes no such image")
    image = np.random.default_rng(rows * columns).integers(0, 255, (2, rows, columns)).astype(np.uint8)
    data = write_instance(image, 0, transfer_syntax, {})
    assert np.array_equal([stored(data, frame) for frame in range(2)], image)


def test_colours_of_sixteen_bits_are_shortened() -> None:
    image = np.random.default_rng(0).integers(0, 65536, (4, 4, 3)).astype(np.uint16)
    assert np.array_equal(values(write_instance(image, 0, EXPLICIT, {})), image >> 8)


def test_subsampled_chroma_belongs_to_both_pixels_of_its_pair() -> None:
    pairs = np.tile(np.array([10, 200, 128, 128], np.uint8), 8)  # 4 rows of 4 pixels
    data = write_instance(
        pairs.reshape(4, 8),
        0,
        EXPLICIT,
        {
            "SamplesPerPixel": 3,
            "PhotometricInterpretation": "YBR_FULL_422",
            "Columns": 4,
            "PlanarConfiguration": 0,
        },
    )
    assert values(data)[..., 0].tolist() == [[10, 200, 10, 200]] * 4


def test_a_palette_gives_colours_and_stored_values_beyond_it_its_ends() -> None:
    tables: dict[str, Any] = {}
    for name, entries in (("Red", [1, 2, 3, 4]), ("Green", [5, 6, 7, 8]), ("Blue", [9, 10, 11, 12])):
        tables[f"{name}PaletteColorLookupTableDescriptor"] = [4, 10, 8]
        tables[f"{name}PaletteColorLookupTableData"] = bytes(entries)
    image = np.array([[0, 10], [12, 200]], np.uint8)
    data = write_instance(image, 0, EXPLICIT, {"PhotometricInterpretation": "PALETTE COLOR", **tables})
    assert values(data).tolist() == [[[1, 5, 9], [1, 5, 9]], [[3, 7, 11], [4, 8, 12]]]


def test_single_bits_come_out_whatever_byte_a_frame_starts_in() -> None:
    frames = np.random.default_rng(0).integers(0, 2, (3, 3, 5)).astype(np.uint8)
    packed = np.packbits(frames.ravel(), bitorder="little")
    attributes = {"Rows": 3, "Columns": 5, "NumberOfFrames": 3, "BitsAllocated": 1, "BitsStored": 1}
    data = write_instance(packed[None], 0, EXPLICIT, attributes)
    assert np.array_equal([stored(data, frame) for frame in range(3)], frames)


def test_a_fractional_slope_gives_floats() -> None:
    data = write_instance(ramp(4, 4), 0, EXPLICIT, {"RescaleSlope": 0.5, "RescaleIntercept": -3.25})
    assert values(data).dtype == np.float32
    assert np.array_equal(values(data), ramp(4, 4) * 0.5 - 3.25)


def test_a_modality_table_replaces_slope_and_intercept() -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    item = Dataset()
    item.LUTDescriptor = [3, 1, 16]
    item.LUTData = [100, 300, 700]
    item["LUTDescriptor"].VR, item["LUTData"].VR = "US", "US"
    item.ModalityLUTType = "US"
    data = write_instance(ramp(2, 3), 0, EXPLICIT, {"ModalityLUTSequence": Sequence([item]), "RescaleSlope": 9})
    assert values(data).tolist() == [[100, 100, 300], [700, 700, 700]]


def test_padding_of_a_ct_becomes_air() -> None:
    array = np.array([[-2000, -1000], [40, -2000]], np.int16)
    attributes = {**HOUNSFIELD, "PixelPaddingValue": -2000}
    data = write_instance(array, 0, EXPLICIT, attributes)
    assert values(data).tolist() == [[-1024, -1000], [40, -1024]]


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        # stored: 24, 25, 1024, 4095, 4096; 1024 less in Hounsfield units
        ({"PixelPaddingValue": 24}, [-1000, -999, 0, 3071, 3072]),
        ({"PixelPaddingValue": 1024}, [-1000, -999, 0, 3071, 3072]),
        ({"PixelPaddingValue": 4095}, [-1000, -999, 0, 3071, 3072]),
        ({"PixelPaddingValue": 4096}, [-1000, -999, 0, 3071, -1024]),
        ({"PixelPaddingValue": 1024, "PixelPaddingRangeLimit": 4096}, [-1000, -999, 0, 3071, -1024]),
    ],
)
def test_padding_of_a_ct_that_could_be_tissue_stays(padding: dict[str, int], expected: list[int]) -> None:
    array = np.array([[24, 25, 1024, 4095, 4096]], np.uint16)
    attributes = {**HOUNSFIELD, "RescaleIntercept": -1024, "BitsStored": 13, "HighBit": 12, **padding}
    assert values(write_instance(array, 0, EXPLICIT, attributes)).tolist() == [expected]


def test_padding_elsewhere_becomes_what_is_shown_black() -> None:
    array = np.array([[0, 500], [4095, 700]], np.uint16)
    padded = {"PixelPaddingValue": 4095}
    assert values(write_projection(array, attributes=padded)).tolist() == [[0, 500], [700, 700]]
    padded = {"PixelPaddingValue": 0, "PhotometricInterpretation": "MONOCHROME2"}
    assert values(write_projection(array, attributes=padded)).tolist() == [[500, 500], [4095, 700]]


@pytest.mark.parametrize(
    ("modality", "array", "attributes"),
    [
        # A map of velocities: 0 stands still, and does not flow backwards fastest.
        ("MR", [[-50, 0], [30, 70]], {PADDING: ("SS", 0)}),
        ("PT", [[-50, 0], [30, 70]], {PADDING: ("SS", 0)}),
        ("CT", [[-50, 0], [30, 70]], {PADDING: ("SS", 0), "RescaleType": "US"}),
        # This slice of it has no flow backwards, others do.
        ("MR", [[0, 0], [30, 70]], {PADDING: ("SS", 0)}),
        ("MR", [[0, 20], [30, 70]], {PADDING: ("US", 30)}),
        ("MR", [[0, 20], [30, 70]], {PADDING: ("US", 10), LIMIT: ("US", 40)}),
    ],
)
def test_padding_that_could_be_measured_stays(
    modality: str, array: list[list[int]], attributes: dict[Any, Any]
) -> None:
    pixels = np.array(array, np.int16 if attributes[PADDING][0] == "SS" else np.uint16)
    data = write_instance(pixels, 0, EXPLICIT, {"Modality": modality, **attributes})
    assert values(data).tolist() == array


@pytest.mark.parametrize("padding", [-32768, -200, 2000])
def test_padding_outside_of_all_other_values_is_padding_in_signed_images_too(padding: int) -> None:
    array = np.array([[padding, 0], [-100, 70]], np.int16)
    data = write_instance(array, 0, EXPLICIT, {"Modality": "MR", PADDING: ("SS", padding)})
    assert values(data).tolist() == [[-100, 0], [-100, 70]]


def test_a_range_of_padding_values_is_padding() -> None:
    array = np.array([[-2000, -1500], [-1499, 40]], np.int16)
    attributes = {**HOUNSFIELD, "PixelPaddingValue": -2000, "PixelPaddingRangeLimit": -1500}
    assert values(write_instance(array, 0, EXPLICIT, attributes)).tolist() == [[-1024, -1024], [-1499, 40]]


@pytest.mark.parametrize(
    ("array", "attributes", "exact"),
    [
        (np.array([[0, 4095]], np.uint16), {"BitsStored": 12, "RescaleIntercept": -1024}, True),
        # Sixteen bits might not fit, but the values that are there do.
        (np.array([[0, 4095]], np.uint16), {"RescaleIntercept": -1024}, True),
        (np.array([[0, 65535]], np.uint16), {}, False),
        (np.array([[0, 65535]], np.uint16), {"RescaleIntercept": -32768}, True),
        (np.array([[-32768, 0]], np.int16), {"RescaleIntercept": -1}, False),
        (np.array([[0, 10]], np.uint16), {"RescaleSlope": 0.1}, False),
        (np.array([[0, 10]], np.uint16), {"RescaleSlope": 3000}, True),
    ],
)
def test_int16_is_chosen_exactly_when_it_holds_every_value(
    array: np.ndarray, attributes: dict[str, Any], exact: bool
) -> None:
    data = write_instance(array, 0, EXPLICIT, attributes)
    truth = array * float(attributes.get("RescaleSlope", 1)) + attributes.get("RescaleIntercept", 0)
    assert is_int16(header(data)) is exact
    assert np.allclose(values(data), truth, atol=1e-3)


def test_a_codestream_of_another_size_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode.first_way, "decode_codestream", lambda *_: pytest.fail("decoded"))
    data = write_instance(ramp(8, 8), 0, uid.JPEG2000Lossless, {"Rows": 9})
    with pytest.raises(UnreadablePixels, match="instead of"):
        stored(data)


def test_broken_codestreams_are_named_and_never_crash() -> None:
    for transfer_syntax in (uid.RLELossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEG2000Lossless):
        good = write_instance(ramp(40, 40), 0, transfer_syntax, {})
        pixels = header(good).pixels
        assert pixels is not None
        ((start, length),) = pixels.ranges(0)
        for cut in (0, 1, 3, 20, length // 2, length - 20):
            damaged = good[: start + cut] + b"\0" * (length - cut) + good[start + length :]
            try:
                stored(damaged)
            except UnreadablePixels as error:
                assert str(error)


@pytest.mark.parametrize("transfer_syntax", [uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000Lossless])
def test_both_ways_of_decoding_agree(transfer_syntax: str) -> None:
    array = np.random.default_rng(0).integers(0, 4095, (16, 18)).astype(np.uint16)
    data = write_instance(array, 0, transfer_syntax, {})
    pixels = header(data).pixels
    assert pixels is not None
    ((start, length),) = pixels.ranges(0)
    assert np.array_equal(second_way.decode_frame(data[start : start + length], pixels, transfer_syntax), array)


@pytest.mark.parametrize("image", ["CT1", "MR4", "NM1", "US1", "VL1"])
def test_lossless_wg04_images_equal_their_uncompressed_reference(unpacked: Unpacked, image: str) -> None:
    members = unpacked("07_transfer_syntax_objects/wg04.tar.xz")
    reference = stored(members[f"{image}_UNC"])
    compared = 0
    for kind in ("RLE", "JPLL", "JLSL", "J2KR"):
        if f"{image}_{kind}" in members:
            assert np.array_equal(stored(members[f"{image}_{kind}"]), reference), kind
            compared += 1
    assert compared >= 2


def test_one_ct_in_every_lossless_transfer_syntax_is_one_image(unpacked: Unpacked) -> None:
    members = unpacked("07_transfer_syntax_objects/cornerstone_ctimage.tar.xz")
    reference = stored(members["CTImage.dcm"])
    ends = ("1.2", "1.2.1", "1.2.2", "1.2.1.99", "1.2.4.57", "1.2.4.70", "1.2.4.80", "1.2.4.90", "1.2.5")
    for end in ends:
        (data,) = (data for name, data in members.items() if name.endswith(f"_1.2.840.10008.{end}.dcm"))
        assert np.array_equal(stored(data), reference), end
    lossy = [name for name in members if name.endswith((".4.50.dcm", ".4.51.dcm", ".4.53.dcm", ".4.55.dcm"))]
    for name in lossy:
        assert header(members[name]).lossy
        # What lossy JPEG does to a CT, padding of −2000 aside.
        inside = reference > -1000
        difference = np.abs(values(members[name])[inside] - values(members["CTImage.dcm"])[inside])
        assert np.median(difference) < 20, name
    assert len(lossy) >= 4


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("liver", "liver_rle"),
        ("liver", "liver_expb"),
        ("liver_nonbyte_aligned", "liver_nonbyte_aligned_j2k"),
        ("OBXXXX1A", "OBXXXX1A_rle"),
        ("emri_small_RLE", "emri_small_jpeg_2k_lossless"),
        ("emri_small_RLE", "emri_small_jpeg_ls_lossless"),
    ],
)
def test_pydicom_pairs_are_the_same_image_in_every_frame(unpacked: Unpacked, a: str, b: str) -> None:
    members = unpacked("07_transfer_syntax_objects/pydicom-data.tar.xz")
    one, other = members[f"{a}.dcm"], members[f"{b}.dcm"]
    frames = header(one).frames
    assert frames == header(other).frames
    for frame in range(frames):
        assert np.array_equal(stored(one, frame), stored(other, frame))
