import { signal } from "@preact/signals";
import { beforeEach, expect, test, vi } from "vitest";
import type { Measure, Measured, PlaneView, View } from "../../src/stream/messages";
import type { Vector2 } from "../../src/geometry/vectors";
import type { Desk } from "../../src/reading/desk";
import { ViewportHands } from "../../src/reading/hands";
import * as looks from "../../src/reading/looks";
import * as moves from "../../src/reading/moves";
import * as turns from "../../src/reading/turns";
import { RegionPen, sketch } from "../../src/reading/region_pen";
import { caveatsOf, isHere, numberOf, numbersOf, regions, regionsIn, remove, retry, type Region } from "../../src/reading/regions";
import type { Role } from "../../src/reading/viewport";
import { areaOf } from "../../src/geometry/lasso";
import { openMpr } from "../../src/reading/opening";
import { chest, openChest, settled } from "./chest";
import type { Drawn } from "../../src/stream/screen";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

let asked: Measure[];
let answers: ((said: Measured | null) => void)[];
let desk: Desk;
beforeEach(() => {
  regions.value = [];
  sketch.value = null;
  asked = [];
  answers = [];
  const ask = (question: (n: number) => Measure): Promise<Measured | null> => {
    asked.push(question(asked.length + 1));
    return new Promise((resolve) => answers.push(resolve));
  };
  desk = openChest(chest(), { ask, palettes: signal([]), state: signal("open") });
  draw("stack");
});

function draw(role: Role, final = true): void {
  const viewport = desk.viewports[role];
  viewport.drawn.value = { view: viewport.view.value as View, frame: { full_width: 800, full_height: 600, final } as Drawn };
}

const SAID: Measured = {
  t: "measured",
  viewport: 1,
  n: 1,
  area_mm2: 12.5,
  first: { count: 9, mean: 40, sd: 2, least: 30, greatest: 50, median: 41, counts: [1, 2, 3] },
  second: null,
};
async function answer(said: Measured | null = SAID): Promise<void> {
  answers[answers.length - 1]!(said);
  await settled();
}
const region = (): Region | undefined => regions.value[regions.value.length - 1];
const shown = (role: Role = "stack"): Measured | null => (region() ? numbersOf(region()!, desk.viewports[role].drawn.value) : null);

function ellipse(role: Role, start: Vector2, at: Vector2): void {
  desk.pen.value = new RegionPen(desk, "ellipse");
  const hands = new ViewportHands(desk, desk.viewports[role], () => 1, (place) => place);
  hands.press();
  hands.drag({ fingers: 1, buttons: 1, pointer: "mouse", start, at, dx: 0, dy: 0, axis: "x" });
  hands.rest();
}

test("an ellipse is asked about with the pixels of the picture that is seen, and its numbers are shown", async () => {
  ellipse("stack", [100, 150], [300, 250]);
  expect(asked[0]).toMatchObject({ t: "measure", shape: "ellipse", width: 800, height: 600, view: desk.viewports.stack.view.value });
  expect(asked[0]!.corners).toEqual([[100, 150], [300, 250]].map((corner) => corner.map((part) => expect.closeTo(part, 6))));
  expect(shown()).toBeNull();
  await answer();
  expect(shown()).toEqual(SAID);
  expect(desk.pen.value).toBeNull();
});

test("a finger that draws fast and is up in full course does not make the stack glide", () => {
  const frames = vi.fn();
  vi.stubGlobal("requestAnimationFrame", frames);
  const hands = new ViewportHands(desk, desk.viewports.stack, () => 1, (place) => place);
  const swipe = (): void => {
    hands.press();
    hands.drag({ fingers: 1, buttons: 1, pointer: "touch", start: [100, 150], at: [300, 250], dx: 0, dy: 0, axis: "y" });
    hands.flick([0, 2], "y");
    hands.rest();
  };
  desk.pen.value = new RegionPen(desk, "ellipse");
  swipe();
  expect([asked.length, frames.mock.calls.length]).toEqual([1, 0]);
  swipe();
  expect(frames).toHaveBeenCalled();
  vi.unstubAllGlobals();
});

test("another image has no region, and its own has it again", async () => {
  ellipse("stack", [100, 150], [300, 250]);
  await answer();
  const { stack } = desk.viewports;
  moves.scroll(desk, stack, 1, false);
  expect([shown(), isHere(region()!, stack.drawn.value)]).toEqual([SAID, true]); // the old picture is still there
  draw("stack");
  expect([shown(), isHere(region()!, stack.drawn.value)]).toEqual([null, false]);
  moves.scroll(desk, stack, -1, false);
  draw("stack");
  expect([shown(), asked.length]).toEqual([SAID, 1]);
  stack.drawn.value = null; // another viewport is maximised
  draw("stack");
  expect([shown(), asked.length]).toEqual([SAID, 1]);
});

test.each(["stack", "axial"] as const)("on a %s that is turned or seen from behind the same ellipse is measured", async (role) => {
  if (role === "axial") openMpr(desk, null);
  draw(role);
  const viewport = desk.viewports[role];
  ellipse(role, [100, 150], [300, 250]);
  await answer();
  for (const [act, box] of [
    [() => turns.rotate(desk, viewport, 90), [[550, 0], [450, 200]]],
    [() => turns.rotate(desk, viewport, -90), [[100, 150], [300, 250]]],
    [() => turns.flip(viewport, "horizontal"), [[700, 150], [500, 250]]],
  ] as [() => void, Vector2[]][]) {
    act();
    draw(role);
    expect(isHere(region()!, viewport.drawn.value)).toBe(true);
    const newest = asked[asked.length - 1]!;
    expect([newest.shape, newest.corners]).toEqual(["ellipse", pixels(box)]);
    await answer();
    expect(shown(role)).toEqual(SAID);
  }
  const view = viewport.view.value as PlaneView;
  const turn = (v: number[], w: number[], s: number) => v.map((part, i) => part * 0.8 + s * w[i]! * 0.6);
  viewport.set({ ...view, right: turn(view.right, view.down, 1), down: turn(view.down, view.right, -1) } as PlaneView, false);
  draw(role);
  const { shape, corners } = asked[asked.length - 1]!;
  expect(shape).toBe("polygon");
  expect(areaOf(corners)).toBeCloseTo(Math.PI * 100 * 50, -1); // as large as it was
});

test("a region goes with its study", async () => {
  ellipse("stack", [100, 150], [300, 250]);
  for (const close of desk.closing) close();
  expect(regions.value).toEqual([]);
  await answer();
  expect(regions.value).toEqual([]);
});

test("a picture that is zoomed is measured again, and shows no numbers until then", async () => {
  ellipse("stack", [100, 150], [300, 250]);
  await answer();
  moves.zoom(desk.viewports.stack, 2, [400, 300], true);
  draw("stack", false);
  expect([shown(), asked.length]).toEqual([null, 1]);
  desk.rest();
  draw("stack");
  expect(asked.length).toBe(2);
  expect(asked[1]!.corners).toEqual([[-200, 0], [200, 200]].map((corner) => corner.map((part) => expect.closeTo(part, 6))));
  await answer({ ...SAID, n: 2 });
  expect(shown()).toMatchObject({ n: 2 });
  looks.setWindow(desk, [10, 20], false); // greys are no values
  draw("stack");
  expect([shown(), asked.length]).toEqual([{ ...SAID, n: 2 }, 2]);
});

test("a filter changes nothing of what is measured, and what is seen otherwise is told", async () => {
  ellipse("stack", [100, 150], [300, 250]);
  await answer();
  const { stack } = desk.viewports;
  expect(caveatsOf(stack.drawn.value!.view)).toEqual([]);
  stack.set({ ...stack.view.value!, filter: { name: "gaussian" } }, false);
  draw("stack");
  expect([shown(), asked.length]).toEqual([SAID, 1]);
  expect(caveatsOf(stack.drawn.value!.view)).toEqual(["unfiltered"]);
});

test("values without the tissue that labels hide say so", () => {
  openMpr(desk, null);
  const view = desk.viewports.axial.view.value as PlaneView;
  const labels = (shown: boolean): View => ({ ...view, labels: { n: 1, styles: [{ label: 255, shown }] } });
  expect([labels(true), labels(false)].map(caveatsOf)).toEqual([[], ["without_hidden"]]);
});

test("a still that comes while one is being measured is measured next, and no answer is asked for once more", async () => {
  ellipse("stack", [100, 150], [300, 250]);
  moves.zoom(desk.viewports.stack, 2, [400, 300], false);
  draw("stack");
  expect(asked.length).toBe(1);
  await answer();
  expect([asked.length, shown()]).toEqual([2, null]);
  await answer(null);
  expect([asked.length, shown(), region()!.answer!.said]).toEqual([2, null, null]);
  retry(desk, region()!);
  expect([asked.length, region()!.answer]).toEqual([3, null]);
  await answer({ ...SAID, n: 3 });
  expect(shown()).toMatchObject({ n: 3 });
  retry(desk, region()!);
  expect(asked.length).toBe(3);
});

test("an answer of a region that is gone is nobody's", async () => {
  ellipse("stack", [100, 150], [300, 250]);
  const late = answers[0]!;
  remove(region()!);
  ellipse("stack", [500, 150], [600, 250]);
  late(SAID);
  await settled();
  expect([shown(), asked.length]).toEqual([null, 2]);
  await answer({ ...SAID, n: 2 });
  expect(shown()).toMatchObject({ n: 2 });
});

test("several regions have their own numbers, asked one after the other: the server answers the newest question alone", async () => {
  ellipse("stack", [100, 150], [300, 250]);
  ellipse("stack", [500, 150], [600, 250]);
  expect(asked.length).toBe(1);
  await answer();
  expect(asked[1]!.corners[0]).toEqual([500, 150].map((part) => expect.closeTo(part, 6)));
  await answer({ ...SAID, n: 2 });
  const { stack } = desk.viewports;
  const numbers = () => regionsIn(stack).map((one) => numbersOf(one, stack.drawn.value)?.n ?? null);
  expect([numbers(), regions.value.map(numberOf)]).toEqual([[1, 2], [1, 2]]);
  moves.zoom(stack, 2, [400, 300], false);
  draw("stack");
  expect([numbers(), asked.length]).toEqual([[null, null], 3]);
  await answer({ ...SAID, n: 3 });
  await answer({ ...SAID, n: 4 });
  expect([numbers(), asked.length]).toEqual([[3, 4], 4]);
  remove(regions.value[0]!);
  expect(numbers()).toEqual([4]);
});

test("a polygon is tapped corner by corner or drawn in one go, on planes too", async () => {
  openMpr(desk, null);
  draw("coronal");
  desk.pen.value = new RegionPen(desk, "polygon");
  const hands = new ViewportHands(desk, desk.viewports.coronal, () => 1, (place) => place);
  const corners: Vector2[] = [[300, 200], [500, 200], [400, 400]];
  for (const at of corners) hands.tap(at, "touch");
  hands.doubleTap([400, 400], "touch");
  expect(asked[0]).toMatchObject({ shape: "polygon", view: { kind: "plane" } });
  expect(asked[0]!.corners).toEqual(corners.map((corner) => corner.map((part) => expect.closeTo(part, 6))));
  await answer();
  expect(shown("coronal")).toEqual(SAID);
  const view = desk.viewports.coronal.view.value as PlaneView;
  desk.viewports.coronal.set({ ...view, thickness_mm: 20 }, false);
  draw("coronal");
  expect(shown("coronal")).toBeNull();
  await answer();

  desk.pen.value = new RegionPen(desk, "polygon");
  hands.press();
  for (const at of [[500, 200], [500, 300], [300, 300]] as Vector2[]) hands.drag({ fingers: 1, buttons: 1, pointer: "touch", start: [300, 200], at, dx: 0, dy: 0, axis: "x" });
  hands.rest();
  expect(asked[asked.length - 1]!.corners.length).toBe(4);
  expect(desk.pen.value).toBeNull();
});

test("too little of a drag, and a volume rendering, are no region", () => {
  ellipse("stack", [100, 150], [102, 152]);
  expect(asked).toEqual([]);
  openMpr(desk, null);
  const pen = new RegionPen(desk, "ellipse");
  expect([pen.draws(desk.viewports.volume), pen.draws(desk.viewports.axial)]).toEqual([false, true]);
});

/** A hand with the polygon pen on the axial plane; each corner is a click that moves as far as `jitter` says. */
function polygon(corners: Vector2[], jitter = 0): ViewportHands {
  openMpr(desk, null);
  draw("axial");
  desk.pen.value = new RegionPen(desk, "polygon");
  const hands = new ViewportHands(desk, desk.viewports.axial, () => 1, (place) => place);
  for (const at of corners) click(hands, at, jitter);
  return hands;
}
function click(hands: ViewportHands, at: Vector2, jitter = 0): void {
  hands.press();
  if (jitter) hands.drag({ fingers: 1, buttons: 1, pointer: "mouse", start: [at[0] - jitter, at[1]], at, dx: 0, dy: 0, axis: "x" });
  else hands.tap(at, "mouse");
  hands.rest();
}
const CORNERS: Vector2[] = [[300, 200], [500, 200], [400, 400]];
const pixels = (corners: readonly Vector2[]) => corners.map((corner) => corner.map((part) => expect.closeTo(part, 6)));

test("a click that moves a little sets a corner, and loses none of those before", () => {
  polygon(CORNERS, 3);
  (desk.pen.value as RegionPen).finish();
  expect(asked[0]!.corners).toEqual(pixels(CORNERS));
});

test("a pinch, a long press and a double tap on two corners lose none of them", () => {
  const hands = polygon(CORNERS.slice(0, 2));
  hands.press();
  hands.pinch({ factor: 1, degrees: 0, dx: 0, dy: 0, at: [400, 300] });
  hands.rest();
  hands.press();
  hands.hold([500, 200]);
  hands.rest();
  hands.doubleTap([500, 200], "touch");
  expect(sketch.value!.corners.length).toBe(2);
  click(hands, CORNERS[2]!);
  hands.doubleTap(CORNERS[2]!, "touch");
  expect(asked[0]!.corners).toEqual(pixels(CORNERS));
});

test("what a second finger joins sets no corner", () => {
  const hands = polygon(CORNERS.slice(0, 2));
  hands.press();
  hands.drag({ fingers: 1, buttons: 1, pointer: "touch", start: [300, 300], at: [320, 330], dx: 0, dy: 0, axis: "x" });
  expect(sketch.value!.hand.length).toBe(1);
  hands.spoil();
  hands.rest();
  expect([sketch.value!.corners.length, sketch.value!.hand.length]).toEqual([2, 0]);
});

test("corners stay over what they were set on when the picture is zoomed or its viewport resized", () => {
  const hands = polygon(CORNERS.slice(0, 2));
  const { axial } = desk.viewports;
  moves.zoom(axial, 2, [400, 300], false);
  draw("axial");
  click(hands, [400, 500]); // where (400, 400) was
  axial.size.value = { width: 800, height: 1200 };
  (desk.pen.value as RegionPen).finish();
  expect(asked[0]!.corners).toEqual(pixels(CORNERS.map(([x, y]) => [400 + (x - 400) * 2, 300 + (y - 300) * 2])));
});

test("corners are no part of another slice: they are measured on their own alone", () => {
  const hands = polygon(CORNERS.slice(0, 2));
  const { axial } = desk.viewports;
  moves.scroll(desk, axial, 1, false);
  draw("axial");
  const pen = desk.pen.value as RegionPen;
  pen.finish();
  moves.scroll(desk, axial, -1, false);
  draw("axial");
  click(hands, CORNERS[2]!);
  moves.scroll(desk, axial, 1, false);
  draw("axial");
  pen.finish();
  expect([asked.length, sketch.value!.corners.length]).toEqual([0, 3]);
  moves.scroll(desk, axial, -1, false);
  draw("axial");
  pen.finish();
  expect(asked[0]!.corners).toEqual(pixels(CORNERS));
});

test("the last corner is taken back, until there is none", () => {
  polygon(CORNERS.slice(0, 2));
  const pen = desk.pen.value!;
  expect([pen.back(), sketch.value!.corners.length, pen.back(), sketch.value, pen.back()]).toEqual([true, 1, true, null, false]);
});
