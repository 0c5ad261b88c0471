"""A scene with one viewer, without a server: pictures are begun, made, sent and shown by hand."""

from __future__ import annotations

from renderd.protocol import Codec, Show, Shown
from renderd.scene import Scene
from renderd.viewer import Frame, Viewer, Want


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
