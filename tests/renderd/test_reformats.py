"""A series of reformats from the question over a real socket to the instances in a real archive, and what stops it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from kernels.picture import Picture
from kernels.plane import reference, slab
from kernels.volume import Volume
from kernels.window import OUTSIDE
from renderd import batches, reformats
from renderd.assemble import Assembly
from renderd.planes import PORTION_S
from renderd.protocol import CancelReformat, Reformat
from storage import access
from storage.access import READ_STUDIES
from storage.dicom.stacks import Stack, stacks_of
from storage.dicom.write import write_colour
from storage.errors import DatabaseUnavailable, DiskFull
from storage.sessions import end_session, open_session, token_hash
from storage.studies import StoredSeries, find_series
from storage.users import create_user, grant
from tests.flows.acquisitions import MR, Planes, Storing, classic, planes
from tests.renderd.conftest import PASSWORD, House
from tests.renderd.page import PATIENCE_S, Frame, Page
from tests.renderd.shows import PLANE, REFORMAT, show

RIGHT, DOWN = (0.8, 0.6, 0.0), (0.36, -0.48, -0.8)
OBLIQUE = {"right": RIGHT, "down": DOWN, "origin": (-25.0, -3.0, 14.0), "width": 70, "height": 70, "pixel_mm": 0.7}


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """The kernels of these tests, so that nobody's patience ends while they are compiled."""
    for dtype in (np.int16, np.float32):
        volume = Volume(np.zeros((4, 4, 4), dtype), np.eye(4))
        for right, down in ((RIGHT, DOWN), (REFORMAT.right, REFORMAT.down)):
            picture = Picture(np.zeros(3), np.array(right), np.array(down), 4, 4)
            for projection in ("max", "min", "mean"):
                for thickness_mm in (0.0, 3.0):
                    slab(volume, picture, projection, thickness_mm)  # type: ignore[arg-type]


def request(house: House, series: int, **values: Any) -> Reformat:
    """Of the first Stack that a series had when it was added."""
    return replace(REFORMAT, **{"series": series, "stack": house.digests[series], **values})


async def stored(house: House, series: int) -> StoredSeries:
    async with house.database.acting(None) as connection:
        return await find_series(connection, series)


async def count(house: House, table: str) -> int:
    async with house.database.acting(None) as connection:
        number: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return number


def blobs(house: House) -> int:
    return sum(1 for path in Path(house.blobs.root).rglob("*") if path.is_file())


def volume_of(house: House, institution_id: int, stack: Stack) -> Volume:
    assembly = Assembly(house.home, house.blobs, institution_id, stack)
    assembly.run()
    assert assembly.volume is not None
    return assembly.volume


async def ask(page: Page, asked: Reformat) -> dict[str, Any]:
    """The answer."""
    await page.send(asked)
    return await answer(page, asked.request)


async def answer(page: Page, name: str) -> dict[str, Any]:
    found: dict[str, Any] = await page.until(
        lambda got: isinstance(got, dict) and got["t"] == "reformatted" and got["request"] == name
    )
    return found


class Brake:
    """Holds whoever makes image `at` until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int = 1) -> None:
        self.reached, self._go = threading.Event(), threading.Event()
        real = batches._instance

        def instance(series: Any, made: Any, k: int) -> Any:
            if k == at:
                self.reached.set()
                assert self._go.wait(PATIENCE_S)
            return real(series, made, k)

        monkeypatch.setattr(batches, "_instance", instance)

    async def wait(self) -> None:
        assert await asyncio.to_thread(self.reached.wait, PATIENCE_S)

    def release(self) -> None:
        self._go.set()


@pytest.fixture
def brake(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Brake(monkeypatch)
    yield made
    made.release()


@asynccontextmanager
async def nothing_more_is_stored(house: House) -> AsyncIterator[None]:
    """Neither a row nor a file."""
    before = [await count(house, table) for table in ("series", "instances", "conflicts")] + [blobs(house)]
    yield
    await until_idle(house)
    after = [await count(house, table) for table in ("series", "instances", "conflicts")] + [blobs(house)]
    assert after == before


async def until_idle(house: House) -> None:
    """Until no batch is left; those that were cancelled end when their thread does."""
    async with asyncio.timeout(PATIENCE_S):
        while tasks := [task for task in asyncio.all_tasks() if task.get_name() == "reformat"]:
            await asyncio.wait(tasks)


async def begun(house: House, page: Page, number: int) -> None:
    """Until so many batches are in the queue or in the making: the series of each has been looked up."""
    async with asyncio.timeout(PATIENCE_S):
        while len(house.server._batches._batches) < number:
            await page.silence()


# ── what is made ──


WINDOW = {"WindowCenter": 300, "WindowWidth": 900}


def ct(where: Planes | None = None, **attributes: Any) -> list[bytes]:
    return classic(where or planes(), RescaleType="HU", **WINDOW, **attributes)


def tilted() -> list[bytes]:
    return ct(planes(lean=np.array([0, np.tan(np.radians(15)), 0])))


def uneven() -> list[bytes]:
    return ct(planes(steps=np.concatenate([np.arange(-45, 0, 2.0), np.arange(0, 45, 3.0)])))


def backwards() -> list[bytes]:
    return ct(planes(steps=np.arange(45.0, -45.1, -3.0)))


def mr(**attributes: Any) -> list[bytes]:
    return classic(planes(), storing=Storing(intercept=0), SOPClassUID=MR, Modality="MR", **WINDOW, **attributes)


def mr_with_slopes() -> list[bytes]:
    """Each image with a slope of its own, as of a quantitative map."""
    return classic(
        planes(),
        storing=lambda z: Storing(slope=0.001 * (z + 1), intercept=-0.5, factor=0.01),
        SOPClassUID=MR,
        Modality="MR",
        WindowCenter=3.5,
        WindowWidth=9.25,
    )


def echoes() -> list[bytes]:
    """Two Stacks in one series; the second is darker."""
    return [
        data
        for echo in (1, 2)
        for data in classic(
            planes(),
            seed=("echo", echo),
            storing=Storing(intercept=0, factor=1 / echo),
            each=lambda z, echo=echo: {"InstanceNumber": 100 * echo + z},  # type: ignore[misc]
            SOPClassUID=MR,
            Modality="MR",
            EchoTime=f"{5 * echo}",
            EchoNumbers=echo,
            **WINDOW,
        )
    ]


KINDS: dict[str, tuple[Callable[[], list[bytes]], int]] = {
    "CT": (ct, 0),
    "CT with a tilted gantry": (tilted, 0),
    "uneven CT": (uneven, 0),
    "CT from head to feet": (backwards, 0),
    "MR": (mr, 0),
    "MR with slopes": (mr_with_slopes, 0),
    "first echo": (echoes, 0),
    "second echo": (echoes, 1),
}
# About the balls of tests/flows/acquisitions.py, a little beyond them.
ABOUT = {"right": RIGHT, "down": DOWN, "origin": (-40.0, -25.0, 62.0), "width": 90, "height": 80, "pixel_mm": 1.1}


@pytest.mark.parametrize("projection", ["max", "mean"])
@pytest.mark.parametrize("kind", KINDS)
async def test_the_voxels_of_the_new_series_are_those_of_the_slabs(
    kind: str, projection: Any, house: House, page: Page
) -> None:
    make, index = KINDS[kind]
    source = await house.add(make())
    own = stacks_of((await stored(house, source)).instances)
    asked = request(
        house,
        source,
        **ABOUT,
        stack=own[index].digest,
        count=7,
        projection=projection,
        thickness_mm=6.0,
        spacing_mm=3.5,
    )
    told = await ask(page, asked)
    assert told["code"] == "" and told["series"]
    derived = await stored(house, told["series"])
    (stack,) = stacks_of(derived.instances)
    assert (len(stack.frames), stack.refusal, stack.notes) == (7, None, ())
    assert (stack.unit, stack.windows) == (own[index].unit, own[index].windows)
    volume = volume_of(house, derived.institution_id, stack)
    from_ = volume_of(house, derived.institution_id, own[index])
    normal = np.cross(RIGHT, DOWN)
    steps = np.array(RIGHT) * 1.1, np.array(DOWN) * 1.1
    seen = 0
    for k in range(7):
        origin = np.array(asked.origin) + 3.5 * k * normal
        expected = reference(from_, Picture(origin, *steps, 90, 80), projection, 6.0)
        inside = expected != OUTSIDE
        seen += int(inside.sum())
        corners = [origin, origin + 89 * steps[0] + 79 * steps[1]]
        assert np.allclose(volume.to_patient([[0, 0, k], [89, 79, k]]), corners)
        step = max(stack.frames[0].rescale[0], 1e-9)
        # Rounded to the step; the kernel's float32 positions add a thousandth of the steepest difference.
        steepest = float(np.abs(np.diff(from_.array.astype(np.float64), axis=0)).max())
        assert np.abs(volume.array[k] - expected)[inside].max() <= 0.5 * step + 1e-3 * max(steepest, 1)
        if inside.any():  # what is outside is shown black, or as air
            assert (volume.array[k][~inside] <= volume.array[k][inside].min()).all()
    assert seen > 10_000


async def test_the_new_series_stands_in_the_same_study_beside_its_source(house: House, page: Page) -> None:
    source = await house.add_ct()
    told = await ask(page, request(house, source, description="冠状位", **OBLIQUE))
    before, after = await stored(house, source), await stored(house, told["series"])
    assert (after.study_id, after.institution_id) == (before.study_id, before.institution_id)
    assert after.series_instance_uid != before.series_instance_uid
    assert (after.number, after.modality, after.description) == (101, "CT", "PHANTOM 冠状位")
    assert [instance.instance_number for instance in after.instances] == [1, 2, 3]
    again = await ask(page, request(house, source, request="another-1", **OBLIQUE))
    assert (await stored(house, again["series"])).number == 102


async def test_one_image_is_a_series_too_and_a_plane_of_voxels_is_the_voxels(house: House, page: Page) -> None:
    source = await house.add_ct()
    axial = {"right": (1.0, 0.0, 0.0), "down": (0.0, 1.0, 0.0), "origin": (-20.0, -16.0, -4.0), "height": 40}
    told = await ask(page, request(house, source, **axial, count=1))
    institution_id, first = await house.stack(source)
    (stack,) = stacks_of((await stored(house, told["series"])).instances)
    found = house.library.read_frame(institution_id, stack, 0), house.library.read_frame(institution_id, first, 2)
    assert np.array_equal(*await asyncio.gather(*found))


async def test_its_making_is_told_image_by_image(house: House, page: Page, brake: Brake) -> None:
    source = await house.add_ct()
    await page.send(request(house, source))
    told = await page.message("reformatting")
    assert (told["request"], told["viewport"], told["done"], told["total"]) == (REFORMAT.request, 1, 1, 3)
    brake.release()
    await answer(page, REFORMAT.request)


async def test_pictures_go_on_while_the_compute_thread_makes_a_series(
    house: House, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread is never without a portion of the series, which does not end before the pictures are there."""
    goes_on, portions, real = threading.Event(), [], batches.Planes.step

    def step(self: batches.Planes) -> bool:
        portions.append(threading.current_thread().name)
        if not goes_on.is_set():
            time.sleep(PORTION_S)
            return False
        return real(self)

    monkeypatch.setattr(batches.Planes, "step", step)
    source = await house.add_ct()
    await page.send(request(house, source))
    await begun(house, page, 1)
    async with asyncio.timeout(PATIENCE_S):
        while len(portions) < 3:
            await page.silence()
    for number in range(1, 6):
        before = len(portions)
        view = house.seen(PLANE, source, extent_mm=40.0 + number)
        await page.send(show(number=number, view=view, moving=True))
        await page.until(lambda got: isinstance(got, Frame))
        await page.send(show(number=number, view=view))
        await page.final(number=number)
        assert len(portions) - before < 100  # pictures come first: between two of their bands goes one portion at most
    between = len(portions)
    async with asyncio.timeout(PATIENCE_S):
        while len(portions) == between:  # and the series after them
            await page.silence()
    goes_on.set()
    assert (await answer(page, REFORMAT.request))["series"]
    assert {name.split("_")[0] for name in portions} == {"compute"}


# ── asked again ──


async def test_the_same_request_makes_one_series_however_often_it_is_asked(house: House, page: Page) -> None:
    source = await house.add_ct()
    asked = request(house, source)
    first = await ask(page, asked)
    rows, files = await count(house, "instances"), blobs(house)
    async with house.connect(await house.sign_in("other")) as other:
        assert (await ask(other, replace(asked, viewport=7)))["series"] == first["series"]
    assert (await ask(page, asked))["series"] == first["series"]
    assert (await count(house, "instances"), blobs(house), await count(house, "conflicts")) == (rows, files, 0)


@pytest.mark.parametrize(
    "changed", [{"request": "another-1"}, {"count": 2}, {"origin": (-20.0, -9.0, 14.0)}, {"projection": "min"}]
)
async def test_another_request_makes_another_series(changed: dict[str, Any], house: House, page: Page) -> None:
    source = await house.add_ct()
    asked = request(house, source, thickness_mm=4.0)
    assert (await ask(page, asked))["series"] != (await ask(page, replace(asked, **changed)))["series"]


async def test_a_lost_connection_loses_nothing(house: House, brake: Brake) -> None:
    source, session = await house.add_ct(), await house.sign_in()
    async with house.connect(session) as page:
        await page.send(request(house, source))
        await brake.wait()
    async with house.connect(session) as page:
        await page.send(request(house, source))
        await page.message("reformatting")  # how far it is
        brake.release()
        told = await answer(page, REFORMAT.request)
    assert len((await stored(house, told["series"])).instances) == 3
    assert await count(house, "series") == 2


async def test_what_nobody_waits_for_any_more_is_made_all_the_same(house: House, brake: Brake) -> None:
    source = await house.add_ct()
    async with house.connect(await house.sign_in()) as page:
        await page.send(request(house, source))
        await brake.wait()
    brake.release()
    await until_idle(house)
    assert await count(house, "series") == 2


async def test_two_who_ask_the_same_wait_for_one(house: House, page: Page, brake: Brake) -> None:
    source = await house.add_ct()
    await page.send(request(house, source))
    await brake.wait()
    async with house.connect(await house.sign_in("other")) as other:
        await other.send(request(house, source))
        await other.message("reformatting")
        brake.release()
        told = [await answer(one, REFORMAT.request) for one in (page, other)]
    assert told[0]["series"] == told[1]["series"] and await count(house, "series") == 2


async def test_several_are_made_one_after_another(house: House, page: Page) -> None:
    source = await house.add_ct()
    names = [f"request-{n}" for n in range(4)]
    for name in names:
        await page.send(request(house, source, request=name))
    made = [(await answer(page, name))["series"] for name in names]
    assert len(set(made)) == 4
    assert [(await stored(house, series)).number for series in made] == [101, 102, 103, 104]


# ── given up ──


async def test_a_series_that_is_cancelled_in_the_middle_leaves_nothing(house: House, page: Page, brake: Brake) -> None:
    source = await house.add_ct()
    async with nothing_more_is_stored(house):
        await page.send(request(house, source))
        await brake.wait()
        await page.send(CancelReformat(REFORMAT.request))
        told = await answer(page, REFORMAT.request)
        assert (told["series"], told["code"]) == (None, "reformat_cancelled")
        brake.release()


async def test_a_cancelled_series_can_be_asked_for_again(house: House, page: Page, brake: Brake) -> None:
    source = await house.add_ct()
    await page.send(request(house, source))
    await brake.wait()
    await page.send(CancelReformat(REFORMAT.request))
    await answer(page, REFORMAT.request)
    await page.send(request(house, source))
    brake.release()
    assert (await answer(page, REFORMAT.request))["series"]


async def test_asked_and_cancelled_in_one_breath(house: House, page: Page) -> None:
    source = await house.add_ct()
    async with nothing_more_is_stored(house):
        await page.send(request(house, source))
        await page.send(CancelReformat(REFORMAT.request))
        assert (await answer(page, REFORMAT.request))["code"] == "reformat_cancelled"
    await page.send(CancelReformat("nobody-knows"))
    await page.silence()


async def test_one_who_wants_it_no_more_does_not_take_it_from_the_other(house: House, page: Page, brake: Brake) -> None:
    source = await house.add_ct()
    await page.send(request(house, source))
    await brake.wait()
    async with house.connect(await house.sign_in("other")) as other:
        await other.send(request(house, source))
        await other.message("reformatting")
        await page.send(CancelReformat(REFORMAT.request))
        assert (await answer(page, REFORMAT.request))["code"] == "reformat_cancelled"
        brake.release()
        assert (await answer(other, REFORMAT.request))["series"]


async def test_the_house_closes_without_waiting_for_it(house: House, page: Page, brake: Brake) -> None:
    source = await house.add_ct()
    async with nothing_more_is_stored(house):
        await page.send(request(house, source))
        await brake.wait()
        await house.server.close()
        brake.release()


# ── not allowed, not possible ──


async def test_another_institution_s_series_does_not_exist(house: House, page: Page) -> None:
    foreign = await house.add_ct(institution="Elsewhere")
    async with nothing_more_is_stored(house):
        told = await ask(page, request(house, foreign))
        assert (told["series"], told["code"]) == (None, "series_not_found")


async def test_who_may_only_read_may_not_add_a_series(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(access.ROLES, "guest", frozenset({READ_STUDIES}))  # type: ignore[arg-type]
    source = await house.add_ct()
    async with house.database.plain() as connection:
        user = await create_user(connection, "guest", PASSWORD, must_change_password=False)
        await grant(connection, user.id, (await stored(house, source)).institution_id, "guest")
        session = token_hash(await open_session(connection, user.id))
    async with house.connect(session) as page, nothing_more_is_stored(house):
        assert (await ask(page, request(house, source)))["code"] == "reformat_not_allowed"


async def test_who_has_signed_out_meanwhile_stores_nothing(house: House, brake: Brake) -> None:
    source, session = await house.add_ct(), await house.sign_in()
    async with nothing_more_is_stored(house):
        async with house.connect(session) as page:
            await page.send(request(house, source))
            await brake.wait()
            async with house.database.plain() as connection:
                await end_session(connection, session)
        brake.release()


@pytest.mark.parametrize("gone", ["first", "last"])
async def test_of_two_who_ask_it_is_stored_for_the_one_who_stays(house: House, brake: Brake, gone: str) -> None:
    source = await house.add_ct()
    sessions = [await house.sign_in(login) for login in ("first", "last")]
    async with AsyncExitStack() as stack:
        pages = [await stack.enter_async_context(house.connect(session)) for session in sessions]
        await pages[0].send(request(house, source))
        await brake.wait()
        await pages[1].send(request(house, source))
        await pages[1].message("reformatting")
        async with house.database.plain() as connection:
            await end_session(connection, sessions[gone == "last"])
            ids = {row["login"]: row["id"] for row in await connection.fetch("SELECT id, login FROM users")}
        stays = "first" if gone == "last" else "last"
        with capture_logs() as logged:
            brake.release()
            assert (await answer(pages[stays == "last"], REFORMAT.request))["series"]
        assert [entry["user"] for entry in logged if entry["event"] == "reformatted"] == [ids[stays]]


async def test_who_has_cancelled_is_no_reason_to_store_it(house: House, page: Page, brake: Brake) -> None:
    """The other one who asked has signed out."""
    source, session = await house.add_ct(), await house.sign_in("other")
    async with nothing_more_is_stored(house):
        async with house.connect(session) as other:
            await other.send(request(house, source))
            await brake.wait()
            await page.send(request(house, source))
            await page.message("reformatting")
            await page.send(CancelReformat(REFORMAT.request))
            assert (await answer(page, REFORMAT.request))["code"] == "reformat_cancelled"
            async with house.database.plain() as connection:
                await end_session(connection, session)
        brake.release()


async def test_planes_beside_the_volume_are_refused(house: House, page: Page) -> None:
    source = await house.add_ct()
    async with nothing_more_is_stored(house):
        told = await ask(page, request(house, source, origin=(500.0, 500.0, 500.0)))
        assert told["code"] == "reformat_outside"


async def test_a_series_that_only_begins_in_the_volume_is_padded_at_its_end(house: House, page: Page) -> None:
    source = await house.add_ct()
    told = await ask(page, request(house, source, spacing_mm=20.0))
    institution_id, stack = await house.stack(told["series"])
    volume = volume_of(house, institution_id, stack)
    assert volume.array[0].max() > 0 and (volume.array[2] == -1024).all()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"count": 2001}, "reformat_too_large"),
        ({"width": 2049}, "reformat_too_large"),
        ({"stack": "1" * 64}, "series_changed"),
        ({"series": 4711}, "series_not_found"),
        ({"pixel_mm": 1e5}, "invalid_picture"),
    ],
)
async def test_what_cannot_be_made_is_told_by_a_code(
    changed: dict[str, Any], code: str, house: House, page: Page
) -> None:
    source = await house.add_ct()
    async with nothing_more_is_stored(house):
        assert (await ask(page, replace(request(house, source), **changed)))["code"] == code


async def test_a_stack_that_is_no_volume_says_why(house: House, page: Page) -> None:
    source = await house.add([write_colour(np.zeros((8, 8, 3), np.uint8))])
    assert (await ask(page, request(house, source)))["code"] == "colour"


async def test_a_description_that_cannot_be_written_is_told(house: House, page: Page) -> None:
    source = await house.add(ct(SpecificCharacterSet="ISO_IR 100", PatientName="Müller"))
    asked = request(house, source, **ABOUT, description="冠状位")
    async with nothing_more_is_stored(house):
        assert (await ask(page, asked))["code"] == "unwritable_text"
    assert (await ask(page, replace(asked, description="Coronal")))["series"]


async def test_a_viewer_asks_for_so_many_at_once_and_no_more(
    house: House, page: Page, brake: Brake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reformats, "MAX_ASKED", 2)
    source = await house.add_ct()
    for n in range(3):
        await page.send(request(house, source, request=f"request-{n}"))
    assert (await answer(page, "request-2"))["code"] == "reformat_busy"
    brake.release()
    for n in range(2):
        assert (await answer(page, f"request-{n}"))["series"]


async def test_a_new_connection_is_no_new_allowance(
    house: House, brake: Brake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MOST_OF_PERSON", 2)
    source, session = await house.add_ct(), await house.sign_in()
    for n in range(2):
        async with house.connect(session) as page:
            await page.send(request(house, source, request=f"request-{n}"))
            await begun(house, page, n + 1)
    async with house.connect(session) as page:
        assert (await ask(page, request(house, source, request="request-2")))["code"] == "reformat_busy"
        await page.send(request(house, source, request="request-1"))  # goes on
        async with house.connect(await house.sign_in("other")) as other:
            await other.send(request(house, source, request="request-3"))
            await begun(house, other, 3)
            brake.release()
            assert (await answer(other, "request-3"))["series"]
        assert (await answer(page, "request-1"))["series"]
        assert (await ask(page, request(house, source, request="request-2")))["series"]


async def test_all_together_are_bounded_but_everybody_may_begin_one(
    house: House, page: Page, brake: Brake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MOST", 2)
    source = await house.add_ct()
    for n in range(3):
        await page.send(request(house, source, request=f"request-{n}"))
    assert (await answer(page, "request-2"))["code"] == "reformat_busy"
    async with house.connect(await house.sign_in("other")) as other:
        await other.send(request(house, source, request="other-01"))
        assert (await ask(other, request(house, source, request="other-02")))["code"] == "reformat_busy"
        brake.release()
        assert (await answer(other, "other-01"))["series"]


async def test_people_take_turns(house: House, page: Page, brake: Brake) -> None:
    """One plane of another person comes before what the first has asked for already."""
    source = await house.add_ct()
    for n in range(3):
        await page.send(request(house, source, request=f"request-{n}"))
    await brake.wait()
    async with house.connect(await house.sign_in("other")) as other:
        await other.send(request(house, source, request="other-01", count=1))
        await begun(house, other, 4)
        brake.release()
        theirs = (await answer(other, "other-01"))["series"]
    mine = [(await answer(page, f"request-{n}"))["series"] for n in range(3)]
    assert mine[0] < theirs < mine[1] < mine[2]


async def test_there_is_room_for_all_that_is_queued_or_it_is_refused(
    house: House, page: Page, brake: Brake, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, one = await house.add_ct(), 50 * 28 * 2 * 3
    real = house.blobs.check_room

    def check_room(size: int) -> None:
        if size == 3 * one:
            raise DiskFull(f"no room for {size}")
        real(size)

    monkeypatch.setattr(house.blobs, "check_room", check_room)
    for n in range(3):
        await page.send(request(house, source, request=f"request-{n}"))
    assert (await answer(page, "request-2"))["code"] == "disk_full"
    brake.release()
    for n in range(2):
        assert (await answer(page, f"request-{n}"))["series"]


async def test_a_full_disk_is_told_before_anything_is_computed(
    house: House, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = await house.add_ct()

    def full(size: int) -> None:
        raise DiskFull(f"no room for {size}")

    monkeypatch.setattr(house.blobs, "check_room", full)
    async with nothing_more_is_stored(house):
        assert (await ask(page, request(house, source)))["code"] == "disk_full"


async def test_a_database_that_is_back_soon_costs_nothing(
    house: House, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = await house.add_ct()
    real, failures = batches.Arrival.receive_all, [DatabaseUnavailable("away")]

    async def receive_all(self: Any, *arguments: Any) -> Any:
        if failures:
            raise failures.pop()
        return await real(self, *arguments)

    monkeypatch.setattr(batches.Arrival, "receive_all", receive_all)
    monkeypatch.setattr(batches, "RETRY_S", 0.0)
    assert (await ask(page, request(house, source)))["series"] and not failures


async def test_an_error_that_nobody_expected_is_told_and_the_next_series_is_made(
    house: House, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = await house.add_ct()
    with monkeypatch.context() as patch:
        patch.setattr(batches, "_instance", lambda *_: 1 // 0)
        async with nothing_more_is_stored(house):
            assert (await ask(page, request(house, source)))["code"] == "reformat_failed"
    assert (await ask(page, request(house, source)))["series"]
