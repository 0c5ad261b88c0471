from __future__ import annotations

import pytest

from renderd.errors import InvalidMessage
from renderd.protocol import Close
from renderd.scene import MAX_VIEWPORTS, REST_S, Scene
from tests.renderd.shows import show


def test_the_newest_view_replaces_the_older_one() -> None:
    scene = Scene()
    scene.receive(show(number=1), 0.0)
    scene.receive(show(number=2, width=80), 0.1)
    assert [(v.input, v.width) for v in scene.viewports.values()] == [(2, 80)]


def test_every_change_raises_the_revision() -> None:
    scene = Scene()
    scene.receive(show(1), 0.0)
    first = scene.viewports[1].revision
    scene.receive(show(2), 0.0)
    scene.receive(Close(1), 0.0)
    scene.receive(show(1), 0.0)
    assert scene.viewports[1].revision > scene.viewports[2].revision > first


def test_a_finger_that_holds_still_counts_as_rest() -> None:
    scene = Scene()
    scene.receive(show(moving=True), 5.0)
    assert scene.moves(5.0) and not scene.moves(5.0 + REST_S)
    assert scene.viewports[1].rests_at() == 5.0 + REST_S


def test_letting_go_is_rest_at_once() -> None:
    scene = Scene()
    scene.receive(show(moving=True), 5.0)
    scene.receive(show(moving=False), 5.1)
    assert not scene.moves(5.1) and scene.in_hand is None


def test_the_viewport_in_hand_is_the_one_that_moved_last() -> None:
    scene = Scene()
    scene.receive(show(1, moving=True), 0.0)
    scene.receive(show(2, moving=True), 0.0)
    scene.receive(show(3, moving=False), 0.0)
    assert scene.in_hand == 2


def test_too_many_viewports_are_refused() -> None:
    scene = Scene()
    for viewport in range(MAX_VIEWPORTS):
        scene.receive(show(viewport), 0.0)
    scene.receive(show(0), 0.0)
    with pytest.raises(InvalidMessage):
        scene.receive(show(MAX_VIEWPORTS), 0.0)


def test_closing_what_is_not_there_does_nothing() -> None:
    Scene().receive(Close(7), 0.0)
