"""What a page's messages and frames do to the scheduler; the socket itself is tested in test_server.py."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, cast

import msgpack

from renderd.connection import Connection
from renderd.errors import NotAVolume, UnreadableFrame
from renderd.protocol import Codec
from renderd.viewer import Frame, Want
from tests.renderd.shows import STACK, show


def test_a_page_is_told_which_image_cannot_be_decoded() -> None:
    others: Any = SimpleNamespace(listeners=set(), wake=lambda: None)
    connection = Connection(others, others, others, others, others, batches=others, workshop=others)
    connection._tell_trouble(1, UnreadableFrame(79, 500, "cut off"))
    connection._tell_trouble(2, NotAVolume("colour"))
    told = [msgpack.unpackb(cast(bytes, connection._next())) for _ in range(2)]
    assert [(message["viewport"], message["code"], message["image"]) for message in told] == [
        (1, "unreadable_frame", [80, 500]),
        (2, "colour", None),
    ]


def test_a_still_that_became_too_old_while_it_waited_makes_room_for_the_next() -> None:
    woken: list[None] = []
    others: Any = SimpleNamespace(listeners=set(), wake=lambda: woken.append(None))
    connection = Connection(others, others, others, others, others, batches=others, workshop=others)
    viewer, scene = connection.viewer, connection.scene

    def wants() -> list[Want]:
        return viewer.wants(scene, time.monotonic())

    def make() -> Want:
        want = wants()[0]
        viewer.begin(want)
        viewer.made(Frame(want, Codec.PNG, 0, 64, 48, 0, 0, b""), scene)
        return want

    connection._take(show(1, 1))
    make()
    assert connection._next() is not None
    assert make().final
    connection._take(show(1, 2, cast(Any, STACK)))
    assert wants() == []  # the old still has the place
    woken.clear()
    assert connection._next() is None
    assert woken
    assert wants() != []
