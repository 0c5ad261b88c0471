"""The part with the most interleavings: what is wanted, what may be sent, and that it always ends in a final."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from renderd.protocol import LEVELS, Close, Codec, Show, Shown, View
from renderd.scene import REST_S, Scene
from renderd.viewer import MAKING, Frame, Viewer, Want
from tests.renderd.shows import PLANE, PROJECTED, STACK, VOLUME, show


class Page:
    """A scene with one viewer and a clock, and what came out of it."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.viewer = Viewer()
        self.now = 100.0
        self.sent: list[tuple[Frame, int]] = []

    def show(self, message: Show) -> None:
        self.scene.receive(message, self.now)

    def wants(self) -> list[Want]:
        return self.viewer.wants(self.scene, self.now)

    def make(self, scale: float = 1.0) -> Want:
        """Begin and finish the most urgent picture, a preview of this size."""
        want = self.wants()[0]
        self.viewer.begin(want)
        self.finish(want, scale=1.0 if want.rests else scale)
        return want

    def finish(self, want: Want, size_bytes: int = 10_000, scale: float = 1.0) -> None:
        made = frame(want, size_bytes, scale)
        self.viewer.rendered(want, made.width, made.height)
        self.viewer.made(made, self.scene)

    def deliver(self, scale: float = 1.0) -> Want:
        """Make and send the most urgent picture."""
        want = self.make(scale)
        self.send()
        return want

    def put_up(self, scale: float = 1.0) -> Want:
        """Make, send and show the most urgent picture."""
        want = self.make(scale)
        self.acknowledge(want.viewport, self.send()[1])
        return want

    def send(self) -> tuple[Frame, int]:
        taken = self.viewer.take(self.scene, self.now)
        assert taken is not None
        self.sent.append(taken)
        return taken

    def acknowledge(self, viewport: int, sequence: int, level: int = 0) -> None:
        self.viewer.shown(Shown(viewport, sequence, level), self.now)


def frame(want: Want, size_bytes: int = 10_000, scale: float = 1.0) -> Frame:
    width, height = round(want.width * scale), round(want.height * scale)
    return Frame(want, Codec.JPEG, 0, width, height, 1000, 1000, bytes(size_bytes))


@pytest.fixture
def page() -> Page:
    return Page()


def test_nothing_is_wanted_of_an_empty_scene(page: Page) -> None:
    assert page.wants() == []


def test_a_new_view_at_rest_is_a_preview_and_then_the_final(page: Page) -> None:
    page.show(show(number=7))
    preview = page.deliver()
    final = page.deliver()
    assert (preview.final, final.final, preview.input, final.input) == (False, True, 7, 7)
    assert page.wants() == []


def test_letting_go_of_what_is_on_the_screen_starts_the_still_at_once(page: Page) -> None:
    page.show(show(number=1, moving=True))
    page.deliver()
    page.show(show(number=2, moving=False))
    want = page.wants()[0]
    assert want.final and want.input == 2


def kinds(wants: list[Want]) -> list[str]:
    return ["final" if want.final else "refined" if want.refined else "preview" for want in wants]


@pytest.mark.parametrize(
    ("view", "scale", "expected"),
    [
        (VOLUME, 0.5, ["preview", "refined", "final"]),
        (VOLUME, 0.7, ["preview", "refined", "final"]),
        (VOLUME, 0.85, ["preview", "final"]),  # hardly coarser: the final is not far
        (PROJECTED, 0.5, ["preview", "final"]),  # in full size it costs as much as the final
        (PLANE, 0.5, ["preview", "final"]),
    ],
)
def test_a_volume_rendering_at_rest_is_shown_in_full_size_before_it_is_final(
    page: Page, view: View, scale: float, expected: list[str]
) -> None:
    page.show(show(number=7, view=view, width=640, height=480))
    assert kinds([page.put_up(scale) for _ in expected]) == expected
    assert page.wants() == []


def test_letting_go_of_a_small_preview_refines_it_at_once(page: Page) -> None:
    page.show(show(number=1, view=VOLUME, moving=True))
    page.put_up(scale=0.5)
    assert page.wants() == []
    page.show(show(number=2, view=VOLUME, moving=False))
    assert kinds([page.put_up(), page.put_up()]) == ["refined", "final"]
    assert page.wants() == []


def test_new_input_cancels_a_refined_picture_in_the_making(page: Page) -> None:
    page.show(show(number=1, view=VOLUME))
    page.put_up(scale=0.5)
    refined = page.wants()[0]
    page.viewer.begin(refined)
    page.show(show(number=2, moving=True, view=VOLUME))
    assert refined.refined and not page.viewer.is_current(refined, page.scene)
    assert not page.viewer.made(frame(refined), page.scene)
    assert kinds(page.wants()) == ["preview"]


def test_new_input_cancels_a_refined_picture_that_waits_for_the_socket(page: Page) -> None:
    page.show(show(number=1, view=VOLUME))
    page.put_up(scale=0.5)
    page.make()
    page.show(show(number=2, moving=True, view=VOLUME))
    assert page.viewer.take(page.scene, page.now) is None


def test_a_refined_picture_that_was_given_up_is_wanted_again(page: Page) -> None:
    page.show(show(number=1, view=VOLUME))
    page.put_up(scale=0.5)
    refined = page.wants()[0]
    page.viewer.begin(refined)
    assert kinds(page.wants()) == ["final"]
    page.viewer.drop(refined)
    assert kinds(page.wants()) == ["refined"]


def test_a_finger_that_holds_still_is_owed_the_final(page: Page) -> None:
    page.show(show(moving=True))
    page.deliver()
    assert page.wants() == []
    due = page.viewer.due(page.scene, page.now)
    assert due == page.now + REST_S
    page.now = due
    assert page.wants()[0].final


def test_only_the_newest_of_many_inputs_is_made(page: Page) -> None:
    for number in range(1, 50):
        page.show(show(number=number, moving=True))
    assert page.make().input == 49
    assert page.wants() == []


def test_new_input_cancels_a_final_in_the_making(page: Page) -> None:
    page.show(show(number=1))
    page.deliver()
    final = page.wants()[0]
    page.viewer.begin(final)
    page.show(show(number=2, moving=True, view=STACK))
    assert not page.viewer.is_current(final, page.scene)
    assert not page.viewer.made(frame(final), page.scene)
    assert not page.wants()[0].final


def test_new_input_cancels_a_final_that_waits_for_the_socket(page: Page) -> None:
    page.show(show(number=1))
    page.deliver()
    page.make()
    page.show(show(number=2, moving=True))
    assert page.viewer.take(page.scene, page.now) is None
    assert page.make().input == 2


def test_a_preview_in_the_making_is_sent_although_the_finger_is_further(page: Page) -> None:
    page.show(show(number=1, moving=True))
    want = page.wants()[0]
    page.viewer.begin(want)
    page.show(show(number=2, moving=True))
    assert page.viewer.made(frame(want), page.scene)
    assert page.send()[0].want.input == 1


def test_an_older_picture_that_is_encoded_late_is_not_sent(page: Page) -> None:
    page.show(show(number=1, moving=True))
    slow = page.wants()[0]
    page.viewer.begin(slow)
    page.show(show(number=2, moving=True))
    quick = page.wants()[0]
    page.viewer.begin(quick)
    assert page.viewer.made(frame(quick), page.scene)
    page.send()
    assert not page.viewer.made(frame(slow), page.scene)
    assert page.viewer.take(page.scene, page.now) is None


def test_a_socket_that_does_not_drain_is_rendered_nothing(page: Page) -> None:
    page.show(show(number=1, moving=True))
    page.make()
    for number in range(2, 20):
        page.show(show(number=number, moving=True))
        assert page.wants() == []
    page.send()
    assert page.wants()[0].input == 19


def test_at_most_two_pictures_of_a_viewport_are_in_the_making(page: Page) -> None:
    for number in range(1, 10):
        page.show(show(number=number, moving=True))
        for want in page.wants():
            page.viewer.begin(want)
    assert page.viewer.owed == MAKING == 2


def test_no_more_is_under_way_than_the_credit(page: Page) -> None:
    page.show(show(1, 1, moving=True))
    page.show(show(2, 2, moving=True))
    page.show(show(3, 3, moving=True))
    for _ in range(page.viewer.credit):
        page.make()
        page.send()
    assert page.wants() == []
    page.acknowledge(page.sent[0][0].want.viewport, page.sent[0][1])
    assert len(page.wants()) == 1


def test_an_acknowledgement_is_for_everything_older_too(page: Page) -> None:
    for number in (1, 2):
        page.show(show(number=number, moving=True))
        page.make()
        page.send()
    assert page.viewer.owed == 2
    page.acknowledge(1, 2)
    assert page.viewer.owed == 0


def test_an_acknowledgement_of_what_was_never_sent_is_ignored(page: Page) -> None:
    page.show(show(number=1, moving=True))
    page.make()
    page.send()
    page.acknowledge(1, 99)
    page.acknowledge(5, 1)
    assert page.viewer.owed == 1


def test_the_page_asks_for_the_next_level(page: Page) -> None:
    page.show(show(number=1, moving=True))
    page.make()
    page.send()
    page.acknowledge(1, 1, level=3)
    page.show(show(number=2, moving=True))
    assert page.wants()[0].level == 3
    page.acknowledge(1, 1, level=1000)
    assert page.wants()[0].level == len(LEVELS) - 1


def test_a_hidden_page_is_rendered_nothing(page: Page) -> None:
    page.show(show(number=1))
    page.viewer.see(False)
    assert page.wants() == []
    page.show(show(number=2))
    assert page.wants() == []
    page.viewer.see(True)
    assert page.wants()[0].input == 2


def test_a_page_hidden_during_a_still_gets_it_when_it_is_seen_again(page: Page) -> None:
    page.show(show(number=1))
    page.deliver()
    final = page.wants()[0]
    page.viewer.begin(final)
    page.viewer.see(False)
    assert not page.viewer.is_current(final, page.scene)
    page.viewer.drop(final)
    page.viewer.see(True)
    assert page.wants()[0].final


def test_what_is_made_for_a_closed_viewport_goes_nowhere(page: Page) -> None:
    page.show(show(number=1))
    want = page.wants()[0]
    page.viewer.begin(want)
    page.scene.receive(Close(1), page.now)
    page.viewer.close(1)
    page.show(show(number=2))
    assert not page.viewer.made(frame(want), page.scene)
    assert page.viewer.take(page.scene, page.now) is None
    assert page.make().input == 2 and page.send()[1] == 1


def test_what_cannot_be_shown_is_not_tried_again_until_the_view_changes(page: Page) -> None:
    page.show(show(number=1))
    want = page.wants()[0]
    page.viewer.begin(want)
    page.viewer.fail(want)
    assert page.wants() == [] and page.viewer.owed == 0
    page.show(show(number=2))
    assert page.wants()[0].input == 2


def test_moving_pictures_come_before_stills_and_the_one_in_hand_first(page: Page) -> None:
    page.viewer._delivery.credit = 8
    for viewport in (2, 1):
        page.show(show(viewport, viewport))
        page.deliver()
    page.show(show(3, 3, moving=True))
    page.show(show(2, 4, moving=True, view=STACK))
    assert [(want.viewport, want.final) for want in page.wants()] == [(2, False), (3, False), (1, True)]


def test_a_slow_viewport_in_hand_does_not_starve_its_neighbours(page: Page) -> None:
    page.viewer._delivery.credit = 8
    served = []
    for number in range(1, 13):
        for viewport in (2, 3, 1):
            page.show(show(viewport, number, moving=True))
        want = page.make()
        served.append(want.viewport)
        page.acknowledge(want.viewport, page.send()[1])
        page.viewer._delivery.credit = 8
    assert served.count(1) == 6 and served.count(2) == 3 and served.count(3) == 3


def test_sequences_count_from_one_in_each_viewport(page: Page) -> None:
    page.viewer._delivery.credit = 8
    for number in (1, 2):
        for viewport in (1, 2):
            page.show(show(viewport, number, moving=True))
            page.make()
            page.send()
    assert [(f.want.viewport, s) for f, s in page.sent] == [(1, 1), (2, 1), (1, 2), (2, 2)]


class AnyOrder(RuleBasedStateMachine):
    """Whatever happens in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.number = 0
        self.making: list[Want] = []
        self.under_way: list[tuple[int, int]] = []
        self.newest: dict[int, tuple[int, int]] = {}

    viewports = st.integers(1, 3)

    @rule(viewport=viewports, moving=st.booleans(), view=st.sampled_from([PLANE, STACK, VOLUME]))
    def show_something(self, viewport: int, moving: bool, view: object) -> None:
        self.number += 1
        self.page.show(show(viewport, self.number, view, moving=moving))  # type: ignore[arg-type]

    @rule(seconds=st.sampled_from([0.001, 0.05, 0.31]))
    def time_passes(self, seconds: float) -> None:
        self.page.now += seconds

    @rule(choice=st.integers(0, 5))
    def begin(self, choice: int) -> None:
        wants = self.page.wants()
        if wants:
            want = wants[choice % len(wants)]
            assert self.page.viewer.visible
            assert self.page.viewer.owed < self.page.viewer.credit
            self.page.viewer.begin(want)
            self.making.append(want)

    @precondition(lambda self: self.making)
    @rule(data=st.data(), size=st.integers(1, 500_000), scale=st.sampled_from([0.5, 1.0]))
    def finish(self, data: st.DataObject, size: int, scale: float) -> None:
        want = self.making.pop(data.draw(st.integers(0, len(self.making) - 1)))
        self.page.finish(want, size, 1.0 if want.rests else scale)

    @precondition(lambda self: self.making)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        self.page.viewer.drop(self.making.pop(data.draw(st.integers(0, len(self.making) - 1))))

    @rule()
    def send(self) -> None:
        taken = self.page.viewer.take(self.page.scene, self.page.now)
        if taken is None:
            return
        sent, sequence = taken
        want = sent.want
        assert self.newest.get(want.viewport, (0, 0)) < want.order
        if want.rests:
            assert want.revision == self.page.scene.viewports[want.viewport].revision
        self.newest[want.viewport] = want.order
        self.under_way.append((want.viewport, sequence))

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), level=st.integers(0, 7))
    def acknowledge(self, data: st.DataObject, level: int) -> None:
        index = data.draw(st.integers(0, len(self.under_way) - 1))
        self.page.acknowledge(*self.under_way.pop(index), level)

    @rule(visible=st.booleans())
    def hide_or_show(self, visible: bool) -> None:
        self.page.viewer.see(visible)

    @rule(viewport=viewports)
    def close_viewport(self, viewport: int) -> None:
        self.page.scene.receive(Close(viewport), self.page.now)
        self.page.viewer.close(viewport)
        self.newest.pop(viewport, None)
        self.under_way = [item for item in self.under_way if item[0] != viewport]

    @invariant()
    def nothing_above_the_most_credit(self) -> None:
        assert self.page.viewer.owed <= 8

    def teardown(self) -> None:
        """Everything comes to rest: each viewport ends with the final of its newest state, and nothing more."""
        page = self.page
        page.viewer.see(True)
        page.now += 10
        for _ in range(100):
            for want in self.making:
                page.viewer.made(frame(want), page.scene)
            self.making = []
            while (taken := page.viewer.take(page.scene, page.now)) is not None:
                assert self.newest.get(taken[0].want.viewport, (0, 0)) < taken[0].want.order
                self.newest[taken[0].want.viewport] = taken[0].want.order
                self.under_way.append((taken[0].want.viewport, taken[1]))
            for viewport, sequence in self.under_way:
                page.acknowledge(viewport, sequence)
            self.under_way = []
            self.making = page.wants()[:1]
            for want in self.making:
                page.viewer.begin(want)
            if not self.making:
                break
        for viewport in page.scene.viewports.values():
            assert self.newest[viewport.number] == (viewport.revision, 2)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
