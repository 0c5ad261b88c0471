"""Whatever happens to a viewer, in whatever order: it always ends in a final."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from renderd.protocol import Close
from renderd.viewer import Stage, Want
from tests.renderd.shows import PLANE, STACK, VOLUME, show
from tests.renderd.sitting import Page, frame


class AnyOrder(RuleBasedStateMachine):
    """Whatever happens in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.number = 0
        self.making: list[Want] = []
        self.under_way: list[tuple[int, int]] = []
        self.newest: dict[int, tuple[int, int]] = {}
        self.refined: dict[int, int] = {}  # how often a revision's refined picture was rendered

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
        if want.stage is Stage.REFINED:
            self.refined[want.revision] = self.refined.get(want.revision, 0) + 1
            assert self.refined[want.revision] == 1

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
