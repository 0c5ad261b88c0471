"""Frames over a real socket from a real database: what a page asks for and what it gets."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import msgpack
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from kernels import window
from kernels.presets import PRESETS
from renderd import errors, server
from renderd.errors import RenderError
from renderd.protocol import LEVELS, Close, Codec, Flag, Shown, Visible
from renderd.server import CLOSE_CODES
from storage.access import ROLES
from storage.dicom.write import write_colour, write_instance, write_projection, write_series
from storage.errors import StorageError
from storage.sessions import end_session
from storage.users import revoke
from tests.renderd.conftest import AFFINE, SHAPE, House, phantom
from tests.renderd.page import Frame, Page
from tests.renderd.shows import CURVE, NOWHERE, PLANE, STACK, VOLUME, show

BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"
OWN_SIZE = {"width": SHAPE[2], "height": SHAPE[1]}


def whole(house: House, series: int, frame: int) -> object:
    """A frame of the phantom, one to one in a viewport of its own size."""
    centre = ((SHAPE[2] - 1) / 2 * 0.8, (SHAPE[1] - 1) / 2 * 0.8)
    return house.seen(STACK, series, frame=frame, centre=centre, extent_mm=SHAPE[1] * 0.8)


async def test_the_first_message_is_the_welcome(page: Page) -> None:
    welcome = await page.receive()
    assert isinstance(welcome, dict) and welcome["t"] == "welcome"
    assert [preset["name"] for preset in welcome["presets"]] == list(PRESETS)
    assert [tuple(level) for level in welcome["levels"]] == list(LEVELS)
    assert all(colour.startswith("#") for preset in welcome["presets"] for colour in preset["colours"])


async def test_a_stack_frame_at_rest_ends_in_its_stored_values(house: House, page: Page) -> None:
    series = await house.add_ct()
    await page.send(show(view=whole(house, series, 7), **OWN_SIZE))  # type: ignore[arg-type]
    final = await page.final()
    expected = window.reference(phantom()[7].astype(np.float32), 40.0, 400.0, False, "LINEAR")
    assert np.array_equal(final.pixels, expected)
    assert not final.header.flags & (Flag.INTERPOLATED | Flag.COLOUR | Flag.REDUCED)
    assert final.digest == hashlib.sha256(expected.tobytes()).digest()
    # A preview that was encoded later than its final is never sent.
    assert all(preview.header.codec == Codec.JPEG and preview.digest == b"" for preview in page.frames[:-1])


@pytest.mark.parametrize("view", [PLANE, replace(PLANE, thickness_mm=10.0), VOLUME])
async def test_the_final_of_a_volume_decodes_to_the_pixels_that_were_hashed(
    house: House, page: Page, view: object
) -> None:
    series = await house.add_ct()
    await page.send(show(view=house.seen(view, series), width=300, height=280))  # type: ignore[type-var, arg-type]
    final = await page.final()
    assert hashlib.sha256(final.pixels.tobytes()).digest() == final.digest
    assert (final.header.width, final.header.height) == (300, 280) == final.pixels.shape[1::-1]
    assert final.header.flags & Flag.INTERPOLATED
    assert bool(final.header.flags & Flag.COLOUR) == (view is VOLUME)
    assert len(np.unique(final.pixels)) > 20


async def test_the_newest_of_many_inputs_wins_and_none_is_older_than_the_one_before(house: House, page: Page) -> None:
    series = await house.add_ct()
    for number in range(1, 200):
        view = house.seen(PLANE, series, extent_mm=50.0 + number)
        await page.send(show(number=number, view=view, moving=number < 199, width=256, height=256))
    final = await page.final(number=199)
    inputs = [frame.header.input for frame in page.frames]
    assert inputs == sorted(inputs) and len(page.frames) < 199
    assert [frame.header.sequence for frame in page.frames] == list(range(1, len(page.frames) + 1))
    assert final is page.frames[-1]


async def test_without_acknowledgement_no_more_than_the_credit_comes(house: House, page: Page) -> None:
    series = await house.add_ct()
    await page.send(show(number=1, view=house.seen(PLANE, series)))
    await page.final()
    page.acknowledges, before = False, len(page.frames)
    for number in range(2, 60):
        await page.send(show(number=number, view=house.seen(PLANE, series), moving=number < 59))
        await page.silence()
    assert len(page.frames) - before <= 8
    page.acknowledges = True
    await page.send(Shown(1, page.frames[-1].header.sequence, 0))
    await page.final(number=59)


async def test_a_hidden_page_is_sent_nothing_and_catches_up_when_it_is_seen(house: House, page: Page) -> None:
    series = await house.add_ct()
    await page.send(Visible(False))
    await page.send(show(number=1, view=house.seen(PLANE, series)))
    await page.silence()
    assert page.frames == []
    await page.send(Visible(True))
    assert (await page.final()).header.input == 1


async def test_several_viewports_on_one_socket_each_end_in_their_final(house: House, page: Page) -> None:
    series = await house.add_ct()
    views = {1: PLANE, 2: replace(PLANE, right=(0.0, 1.0, 0.0), down=(0.0, 0.0, -1.0)), 3: VOLUME, 4: STACK}
    for number, (viewport, view) in enumerate(views.items(), 1):
        await page.send(show(viewport, number, house.seen(view, series)))  # type: ignore[type-var]
    finals: set[int] = set()
    while finals != set(views):
        frame = await page.until(lambda got: isinstance(got, Frame) and got.final)
        finals.add(frame.header.viewport)
    for viewport in views:
        sequences = [f.header.sequence for f in page.frames if f.header.viewport == viewport]
        assert sequences == list(range(1, len(sequences) + 1))


async def test_a_lower_level_is_a_smaller_picture_while_moving_and_the_final_is_whole(house: House, page: Page) -> None:
    series = await house.add_ct()
    page.level = 4
    view = house.seen(STACK, series)
    await page.send(show(number=1, view=view, width=128, height=100))
    await page.final()
    await page.send(show(number=2, view=replace(view, frame=3), width=128, height=100, moving=True))
    preview = await page.until(lambda got: isinstance(got, Frame) and got.header.input == 2)
    assert (preview.header.width, preview.header.height) == (64, 50) == preview.pixels.shape[1::-1]
    assert (preview.header.full_width, preview.header.full_height, preview.header.level) == (128, 100, 4)
    assert preview.header.flags & Flag.REDUCED
    final = await page.final(number=2)
    assert (final.header.width, final.header.height) == (128, 100)


async def test_a_closed_viewport_is_sent_nothing_more(house: House, page: Page) -> None:
    series = await house.add_ct()
    await page.send(show(1, 1, house.seen(PLANE, series), moving=True))
    await page.send(Close(1))
    await page.send(show(2, 2, house.seen(PLANE, series)))
    await page.final(2)
    assert {frame.header.viewport for frame in page.frames} == {2}


async def test_the_making_of_a_volume_is_told(house: House, page: Page) -> None:
    series = await house.add_ct()
    await page.send(show(view=house.seen(PLANE, series)))
    loading = await page.message("loading")
    assert loading["viewport"] == 1 and 0 < loading["done"] <= loading["total"] == SHAPE[0]
    await page.final()


# ── what cannot be shown ──


async def trouble(page: Page, view: object) -> str:
    await page.send(show(view=view))  # type: ignore[arg-type]
    message = await page.message("trouble")
    assert message["viewport"] == 1
    return str(message["code"])


async def test_another_institution_s_series_does_not_exist(house: House, page: Page) -> None:
    theirs = await house.add_ct(institution="There")
    assert await trouble(page, house.seen(STACK, theirs)) == "series_not_found"
    assert await trouble(page, house.seen(STACK, theirs + 99)) == "series_not_found"


async def test_a_stack_or_frame_that_is_not_there_is_told(house: House, page: Page) -> None:
    series = await house.add_ct()
    assert await trouble(page, house.seen(STACK, series, stack=NOWHERE)) == "series_changed"
    assert await trouble(page, house.seen(STACK, series, frame=SHAPE[0])) == "series_not_found"


async def test_a_picture_is_of_the_stack_that_the_page_knows_when_images_arrive(
    house: House, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = list(write_series(phantom(), AFFINE))
    series = await house.add(files[1:])
    await page.send(show(number=1, view=whole(house, series, 4), **OWN_SIZE))  # type: ignore[arg-type]
    before = await page.final()
    known = house.digests[series]
    await house.add(files[:1])  # the first slice: every index of the series moves by one
    assert house.digests[series] != known
    newer = whole(house, series, 4)
    house.digests[series] = known
    await page.send(show(number=2, view=whole(house, series, 5), **OWN_SIZE))  # type: ignore[arg-type]
    await page.final(number=2)
    await page.send(show(number=3, view=whole(house, series, 4), **OWN_SIZE))  # type: ignore[arg-type]
    assert (await page.final(number=3)).digest == before.digest
    monkeypatch.setattr("renderd.shelf.FRESH_S", 0.0)
    await page.send(show(number=4, view=newer, **OWN_SIZE))  # type: ignore[arg-type]
    assert (await page.final(number=4)).digest != before.digest


async def test_a_series_that_could_not_be_read_is_read_again_when_its_view_changes(
    house: House, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = await house.add_ct()

    async def broken(*_: object) -> object:
        raise StorageError("once")

    with monkeypatch.context() as patch:
        patch.setattr("renderd.shelf.with_current_headers", broken)
        assert await trouble(page, house.seen(STACK, series, frame=4)) == "storage_failed"
    monkeypatch.setattr("renderd.shelf.FRESH_S", 0.0)
    await page.send(show(number=2, view=house.seen(STACK, series, frame=5)))
    assert (await page.final()).header.input == 2


async def test_an_unknown_preset_is_told(house: House, page: Page) -> None:
    series = await house.add_ct()
    assert await trouble(page, house.seen(VOLUME, series, preset="ct_gold")) == "preset_not_found"


async def test_a_curve_that_does_not_rise_is_told_and_the_next_one_is_shown(house: House, page: Page) -> None:
    series = await house.add_ct()
    assert await trouble(page, house.seen(VOLUME, series, curve=CURVE[::-1])) == "invalid_curve"
    await page.send(show(number=2, view=house.seen(VOLUME, series, curve=CURVE)))
    assert (await page.final()).header.input == 2


async def test_a_stack_that_is_no_volume_says_why_and_still_opens(house: House, page: Page) -> None:
    series = await house.add([write_colour(np.full((40, 50, 3), 90, np.uint8))])
    assert await trouble(page, house.seen(PLANE, series)) == "colour"
    await page.send(show(number=2, view=house.seen(STACK, series)))
    assert (await page.final()).header.flags & Flag.COLOUR


async def test_an_unreadable_frame_is_told_and_its_neighbours_are_shown(house: House, page: Page) -> None:
    series = await house.add_ct()
    institution, stack = await house.stack(series)
    path = house.blobs.path(institution, stack.frames[4].blob_sha256)
    path.write_bytes(path.read_bytes()[:2000])
    assert await trouble(page, house.seen(STACK, series, frame=4)) == "unreadable_frame"
    await page.send(show(number=2, view=house.seen(PLANE, series)))
    message = await page.message("trouble")
    assert (message["code"], message["image"]) == ("unreadable_frame", [5, SHAPE[0]])
    await page.send(show(number=3, view=house.seen(STACK, series, frame=5)))
    assert (await page.final()).header.input == 3


async def test_a_series_without_pixels_is_told(house: House, page: Page) -> None:
    series = await house.add(
        [write_instance(None, 4, "1.2.840.10008.1.2.1", {"Modality": "SR", "SOPClassUID": BASIC_TEXT_SR})]
    )
    assert await trouble(page, house.seen(STACK, series)) == "series_changed"


async def test_a_volume_larger_than_the_budget_is_told_and_its_stack_opens(house: House, page: Page) -> None:
    house.library.volumes.budget_bytes = 1000
    series = await house.add_ct()
    assert await trouble(page, house.seen(PLANE, series)) == "volume_too_large"
    await page.send(show(number=2, view=house.seen(STACK, series)))
    assert (await page.final()).header.input == 2


async def test_monochrome1_is_inverted_exactly_once(house: House, page: Page) -> None:
    image = np.tile(np.arange(0, 4096, 64, dtype=np.uint16), (48, 1))
    series = await house.add([write_projection(image)])
    view = house.seen(STACK, series, centre=(31.5 * 0.2, 23.5 * 0.2), extent_mm=48 * 0.2, window=(2048.0, 4096.0))
    await page.send(show(number=1, view=view))
    plain = (await page.final()).pixels
    await page.send(show(number=2, view=replace(view, invert=True)))
    inverted = (await page.final()).pixels
    assert plain[0, 0] == 255 and plain[0, -1] < 5
    assert np.array_equal(inverted, 255 - plain)


# ── who may look, and what ends a connection ──


async def closed(page: Page) -> int:
    with pytest.raises(ConnectionClosed):
        await page.until(lambda _: False)
    assert page.socket.close_code is not None
    return page.socket.close_code


@pytest.mark.parametrize("session", ["", "nobody", "0" * 64])
async def test_without_a_session_the_connection_ends(house: House, session: str) -> None:
    async with house.connect(session) as page:
        assert await closed(page) == CLOSE_CODES[errors.SessionEnded]


async def test_signing_out_ends_the_connection_at_once(house: House) -> None:
    session = await house.sign_in()
    async with house.connect(session) as page:
        await page.silence()
        async with house.database.plain() as connection:
            await end_session(connection, session)
        assert await closed(page) == CLOSE_CODES[errors.SessionEnded]


async def test_losing_a_role_takes_the_pictures_away(house: House) -> None:
    series = await house.add_ct()
    session = await house.sign_in()
    async with house.connect(session) as page:
        await page.send(show(view=house.seen(STACK, series)))
        await page.final()
        async with house.database.plain() as connection:
            user, institution = await connection.fetchrow("SELECT user_id, institution_id FROM memberships")
            await revoke(connection, user, institution, next(iter(ROLES)))
        assert await closed(page) == CLOSE_CODES[errors.SessionEnded]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xc1",
        b"\x01 a frame",
        msgpack.packb({"t": "welcome"}),
        msgpack.packb({"t": "show", "viewport": 1}),
        msgpack.packb({"t": "shown", "viewport": -1, "sequence": 1, "level": 0}),
        "text",
    ],
)
async def test_garbage_ends_its_own_connection_and_no_other(house: House, page: Page, garbage: bytes | str) -> None:
    series = await house.add_ct()
    async with house.connect(await house.sign_in("other")) as other:
        await other.socket.send(garbage)
        assert await closed(other) == CLOSE_CODES[errors.InvalidMessage]
        assert other.socket.close_reason == "invalid_message"
    await page.send(show(view=house.seen(STACK, series)))
    await page.final()


async def test_a_message_too_large_ends_its_connection(house: House, page: Page) -> None:
    await page.socket.send(bytes(100_000))
    assert await closed(page) == 1009


async def test_a_page_that_never_reads_is_rendered_little_and_disturbs_nobody(house: House, page: Page) -> None:
    series = await house.add_ct()
    async with house.connect(await house.sign_in("sleeper")) as sleeper:
        for number in range(1, 40):
            view = house.seen(VOLUME, series, extent_mm=60.0 + number)
            await sleeper.send(show(number=number, view=view, moving=True, width=512, height=512))
        await page.send(show(view=house.seen(PLANE, series)))
        await page.final()
        watches = [watch for watch in house.scheduler._watches if watch.viewer.owed > 0]
        assert sum(watch.viewer.owed for watch in watches) <= 8 * len(watches)
        assert sleeper.frames == []


async def test_a_bug_in_one_picture_is_told_and_the_next_is_made(
    house: House, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = await house.add_ct()

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("renderd.render.slab", broken)
        assert await trouble(page, house.seen(PLANE, series)) == "render_failed"
    await page.send(show(number=2, view=house.seen(PLANE, series)))
    assert (await page.final()).header.input == 2


async def test_a_bug_in_a_connection_closes_it_and_is_logged(
    house: House, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("renderd.shelf.Shelf.opened", broken)
    await page.send(show(view=STACK))
    assert await closed(page) == server.INTERNAL_ERROR


async def test_a_stale_socket_is_removed_and_the_new_one_is_private(house: House) -> None:
    assert house.socket.stat().st_mode & 0o777 == 0o600


def test_every_error_either_ends_the_connection_or_is_told_with_a_code_of_its_own() -> None:
    def kinds(kind: type[RenderError]) -> list[type[RenderError]]:
        return [kind, *(below for child in kind.__subclasses__() for below in kinds(child))]

    told = [kind for kind in kinds(RenderError) if kind not in CLOSE_CODES and kind.__module__ == errors.__name__]
    ended = [kind for kind in CLOSE_CODES if issubclass(kind, RenderError)]
    assert {kind.__name__ for kind in ended} == {"InvalidMessage", "SessionEnded"}
    assert {kind.__name__ for kind in told} == {
        "RenderError",
        "SeriesNotFound",
        "SeriesChanged",
        "PresetNotFound",
        "PaletteNotFound",
        "OtherPatient",
        "LabelsUnknown",
        "LabelsTaken",
        "TooManyEdits",
        "ToolsCompiling",
        "InvalidFilter",
        "FilterNeedsPicture",
        "FilterNeedsGrey",
        "InvalidCurve",
        "NotAVolume",
        "UnreadableFrame",
        "ReformatError",
        "ReformatNotAllowed",
        "ReformatTooLarge",
        "ReformatOutside",
        "ReformatBusy",
        "ReformatCancelled",
    }
    assert server.closing(ExceptionGroup("", [errors.InvalidMessage("x")])) == (1007, "invalid_message")
    assert server.closing(ZeroDivisionError()) == (server.INTERNAL_ERROR, "render_failed")
