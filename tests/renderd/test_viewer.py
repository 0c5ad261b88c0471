"""What is wanted and what may be sent, case by case."""

from __future__ import annotations

import pytest

from renderd.protocol import LEVELS, Close, View
from renderd.scene import REST_S
from renderd.viewer import MAKING, Stage, Want
from tests.renderd.shows import PLANE, PROJECTED, STACK, VOLUME, show
from tests.renderd.sitting import Page, frame


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
    return [want.stage.name.lower() for want in wants]


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


def test_lifting_a_finger_that_held_still_makes_nothing_lossy_again(page: Page) -> None:
    page.show(show(number=1, view=VOLUME, moving=True))
    page.put_up(scale=0.5)
    page.now += REST_S
    assert kinds([page.put_up(), page.put_up()]) == ["refined", "final"]
    page.show(show(number=2, view=VOLUME, moving=False))
    assert kinds([page.put_up()]) == ["final"] and page.wants() == []


def test_a_preview_that_is_small_because_of_the_line_is_not_refined(page: Page) -> None:
    """A picture in full size would take the line that the final needs."""
    page.viewer.level = 3
    page.show(show(number=1, view=VOLUME))
    assert kinds([page.put_up(scale=0.5), page.put_up()]) == ["preview", "final"]
    page.viewer.level = 3
    page.show(show(number=2, view=VOLUME, moving=True, width=65))
    assert kinds([page.put_up(scale=0.3)]) == ["preview"]
    page.now += REST_S
    assert kinds([page.put_up(), page.put_up()]) == ["refined", "final"]


def test_a_closed_viewport_and_a_hidden_page_end_a_refined_picture(page: Page) -> None:
    page.show(show(number=1, view=VOLUME))
    page.put_up(scale=0.5)
    refined = page.wants()[0]
    page.viewer.begin(refined)
    page.viewer.see(False)
    assert not page.viewer.is_current(refined, page.scene)
    page.viewer.drop(refined)
    page.viewer.see(True)
    again = page.wants()[0]
    assert kinds([again]) == ["refined"]
    page.viewer.begin(again)
    page.scene.receive(Close(1), page.now)
    page.viewer.close(1)
    page.viewer.rendered(again, 64, 48)
    assert not page.viewer.made(frame(again), page.scene)


def test_new_input_cancels_a_refined_picture_in_the_making(page: Page) -> None:
    page.show(show(number=1, view=VOLUME))
    page.put_up(scale=0.5)
    refined = page.wants()[0]
    page.viewer.begin(refined)
    page.show(show(number=2, moving=True, view=VOLUME))
    assert refined.stage is Stage.REFINED and not page.viewer.is_current(refined, page.scene)
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
