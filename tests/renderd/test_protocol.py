from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, get_args

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderd import protocol
from renderd.errors import InvalidMessage
from renderd.protocol import (
    HEADER,
    CancelReformat,
    Close,
    Flag,
    FromViewer,
    Header,
    Loading,
    Ping,
    Pong,
    Preset,
    Shown,
    Survey,
    ToViewer,
    Trouble,
    Visible,
    Welcome,
    kinds,
    pack,
    pack_frame,
    parse,
    unpack_frame,
)
from tests.renderd.shows import CLIPPED, CURVE, PLANE, PROJECTED, REFORMAT, STACK, VOLUME, show

CURVED = replace(VOLUME, curve=CURVE)
BOX = CLIPPED.clip_box
MESSAGES = [show(view=view) for view in (STACK, PLANE, VOLUME, CURVED, CLIPPED, PROJECTED)]
MESSAGES += [Shown(1, 2, 3), Close(4), Visible(True), Ping(9), Survey(1, 2, CURVED)]
MESSAGES += [REFORMAT, replace(REFORMAT, description="冠状位 MIP 10 mm"), CancelReformat("k3Jd82nA")]


@pytest.mark.parametrize("message", MESSAGES)
def test_every_message_of_a_viewer_is_read_as_it_was_written(message: FromViewer) -> None:
    assert parse(msgpack.packb(asdict(message))) == message


def test_optional_fields_may_be_absent_and_whole_numbers_stand_for_millimetres() -> None:
    view = {k: v for k, v in asdict(PLANE).items() if k not in ("projection", "thickness_mm", "invert")}
    view |= {"extent_mm": 100, "window": [40, 400]}
    assert parse(msgpack.packb({**asdict(show()), "view": view})) == show()


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_invalid(data: bytes) -> None:
    with suppress(InvalidMessage):
        parse(data)


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=6,
)


@given(message=st.sampled_from(MESSAGES), data=st.data(), value=plain)
def test_a_message_with_one_wrong_field_is_read_or_invalid(
    message: FromViewer, data: st.DataObject, value: Any
) -> None:
    fields = asdict(message)
    place = fields["view"] if "view" in fields and data.draw(st.booleans()) else fields
    place[data.draw(st.sampled_from(sorted(place)))] = value
    try:
        parse(msgpack.packb(fields))
    except InvalidMessage as error:
        assert len(str(error)) <= 200


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300])
@pytest.mark.parametrize("name", ["extent_mm", "centre", "window", "thickness_mm", "right"])
def test_numbers_that_are_not_finite_or_absurd_are_invalid(name: str, value: float) -> None:
    fields: Any = asdict(show())
    old = fields["view"][name]
    fields["view"][name] = [value, *old[1:]] if isinstance(old, tuple) else value
    with pytest.raises(InvalidMessage):
        parse(msgpack.packb(fields))


@pytest.mark.parametrize(
    "view",
    [
        replace(PLANE, right=(0.0, 0.0, 0.0)),
        replace(PLANE, down=(1.0, 0.0, 0.0)),
        replace(PLANE, right=(2.0, 0.0, 0.0)),
        replace(PLANE, extent_mm=0.0),
        replace(PLANE, window=(40.0, 0.0)),
        replace(PLANE, thickness_mm=-1.0),
        replace(VOLUME, preset="x" * 65),
        replace(VOLUME, projection="median"),
        replace(VOLUME, window=(40.0, 0.0)),
        replace(VOLUME, curve=()),
        replace(VOLUME, curve=CURVE[:1]),
        replace(VOLUME, curve=tuple((float(i), "#000000", 0.0) for i in range(33))),
        replace(VOLUME, curve=(*CURVE, (1e13, "#ffffff", 0.5))),
        replace(VOLUME, curve=(*CURVE, (math.nan, "#ffffff", 0.5))),
        replace(VOLUME, curve=(*CURVE, (500.0, "#ffffff", 1.0))),
        replace(VOLUME, curve=(*CURVE, (500.0, "#ffffff", -0.1))),
        replace(VOLUME, curve=(*CURVE, (500.0, "#ffffff", math.nan))),
        replace(VOLUME, curve=(*CURVE, (500.0, "white", 0.5))),
        replace(VOLUME, curve=(*CURVE, (500.0, "#fffff", 0.5))),
        replace(VOLUME, curve=(*CURVE, (500.0, "#ffffff"))),
        replace(VOLUME, perspective=9.9),
        replace(VOLUME, perspective=90.1),
        replace(VOLUME, perspective=math.nan),
        replace(VOLUME, clip_planes=((0.0, 0.0, 1.02, 5.0),)),
        replace(VOLUME, clip_planes=((0.0, 0.0, 0.0, 5.0),)),
        replace(VOLUME, clip_planes=((0.0, 0.0, 1.0, math.inf),)),
        replace(VOLUME, clip_planes=((0.0, 0.0, 1.0),)),
        replace(VOLUME, clip_planes=((0.0, 0.0, 1.0, 5.0),) * 7),
        replace(VOLUME, clip_box=replace(BOX, half_mm=(10.0, 0.0, 10.0))),
        replace(VOLUME, clip_box=replace(BOX, half_mm=(10.0, math.nan, 10.0))),
        replace(VOLUME, clip_box=replace(BOX, axes=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 1.0, 0.0)))),
        replace(VOLUME, clip_box=replace(BOX, axes=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 2.0)))),
        replace(VOLUME, clip_box=replace(BOX, centre=(math.nan, 0.0, 0.0))),
        replace(STACK, frame=-1),
        replace(STACK, series=0),
    ],
)
def test_views_without_a_picture_are_invalid(view: Any) -> None:
    with pytest.raises(InvalidMessage):
        parse(msgpack.packb(asdict(show(view=view))))


@pytest.mark.parametrize("values", [{"viewport": 65536}, {"width": 0}, {"height": 65536}, {"input": 2**32}])
def test_what_does_not_fit_into_a_frame_s_header_is_invalid(values: dict[str, int]) -> None:
    with pytest.raises(InvalidMessage):
        parse(msgpack.packb({**asdict(show()), **values}))


def test_a_message_of_the_server_is_not_one_of_a_viewer() -> None:
    for message in (Loading(1, 2, 3), Trouble(1, "x"), Pong(3), Welcome([Preset("a", "b", [], [])], [(1.0, 85)], [])):
        with pytest.raises(InvalidMessage):
            parse(pack(message))


def test_a_survey_of_what_is_no_volume_rendering_is_invalid() -> None:
    with pytest.raises(InvalidMessage):
        parse(msgpack.packb({**asdict(Survey(1, 2, VOLUME)), "view": asdict(PLANE)}))


def test_the_reason_names_the_field_and_not_its_value() -> None:
    with pytest.raises(InvalidMessage, match=r"shown\.sequence") as caught:
        parse(msgpack.packb({"t": "shown", "viewport": 1, "sequence": "SECRET^NAME", "level": 0}))
    assert "SECRET" not in str(caught.value)


def test_frames_and_messages_are_told_apart_by_their_first_byte() -> None:
    header = Header(1, 1, 2, int(Flag.FINAL | Flag.COLOUR), 65535, 5, 2**32 - 1, 7, 640, 480, 1280, 960, 12, 34)
    message = pack_frame(header, bytes(range(32)), b"picture")
    assert message[0] < 0x10
    assert unpack_frame(message) == (header, bytes(range(32)), b"picture")
    preview = header._replace(flags=0)
    assert unpack_frame(pack_frame(preview, b"", b"p")) == (preview, b"", b"p")
    assert all(pack(told)[0] >= 0x10 for told in (Pong(1), Loading(1, 1, 2), Trouble(None, "x")))


def test_the_header_is_32_bytes_little_endian() -> None:
    assert HEADER.size == 32 and HEADER.format.startswith("<")


def test_every_message_has_its_own_name() -> None:
    names = [*kinds(FromViewer), *kinds(ToViewer)]
    assert len(names) == len(set(names)) == len(get_args(FromViewer)) + len(get_args(ToViewer))
    assert protocol.SUBPROTOCOL == "farview.1"


@pytest.mark.parametrize(
    "changed",
    [
        {"right": (0.0, 0.0, 0.0)},
        {"down": (1.0, 0.0, 0.0)},
        {"right": (2.0, 0.0, 0.0)},
        {"origin": (math.nan, 0.0, 0.0)},
        {"pixel_mm": 0.0},
        {"spacing_mm": -1.0},
        {"thickness_mm": -1.0},
        {"count": 0},
        {"width": 0},
        {"projection": "median"},
        {"description": "a\\b"},
        {"description": "a\nb"},
        {"description": "x" * 65},
        {"request": "short"},
        {"request": "../../etc/passwd"},
        {"stack": "0"},
    ],
)
def test_a_reformat_that_makes_no_sense_is_invalid(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessage):
        parse(msgpack.packb({**asdict(REFORMAT), **changed}))
