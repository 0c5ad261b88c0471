import { signal } from "@preact/signals";
import { beforeEach, expect, test, vi } from "vitest";
import type { Cut, Edit, Edited, PlaneView, VolumeView } from "../../src/stream/messages";
import { combine, cross, dot, length, subtract, type Vector2 } from "../../src/geometry/vectors";
import { choose, perform } from "../../src/reading/commands";
import { Gestures } from "../../src/input/gestures";
import type { Desk } from "../../src/reading/desk";
import { ViewportHands } from "../../src/reading/hands";
import * as moves from "../../src/reading/moves";
import { openMpr, openStackLayout } from "../../src/reading/opening";
import { cutOf, inside, Scalpel, stroke } from "../../src/reading/scalpel";
import type { Viewport } from "../../src/reading/viewport";
import type { Drawn } from "../../src/stream/screen";
import { chest, openChest, settled } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

let edits: Edit[];
let hear: { edited?: (answer: Edited) => void };
let desk: Desk;
beforeEach(() => {
  edits = [];
  hear = {};
  const connection = {
    palettes: signal([]),
    state: signal("open"),
    hear,
    edits: [] as Edit[],
    edit(edit: Edit): void {
      edits.push(edit);
      this.edits = [...this.edits, edit];
    },
  };
  desk = openChest(chest(), connection);
  openMpr(desk, null);
  inside.value = true;
  for (const viewport of Object.values(desk.viewports)) {
    const view = viewport.view.value;
    if (view) viewport.drawn.value = { view, frame: { full_width: 800, full_height: 600 } as Drawn };
  }
  desk.pen.value = new Scalpel(desk, () => undefined);
});

const SQUARE: Vector2[] = [[100, 100], [300, 100], [300, 250], [100, 250]];

/** What a hand does, CSS pixels of a display with two pixels each. */
function draw(viewport: Viewport, corners: Vector2[]): void {
  const hands = new ViewportHands(desk, viewport, () => 2, (at) => at);
  const [start, ...others] = corners.map(([x, y]): Vector2 => [x / 2, y / 2]);
  hands.press();
  for (const at of others) hands.drag({ fingers: 1, buttons: 1, pointer: "mouse", at, start: start!, dx: 0, dy: 0, axis: "x" });
  hands.rest();
}

test("a lasso on a volume rendering becomes millimetres in the plane through its centre, where the hand drew", () => {
  const { volume } = desk.viewports;
  const view = volume.view.value as VolumeView;
  draw(volume, SQUARE);
  const cut = edits[0]!.change as Cut;
  expect(cut).toMatchObject({ kind: "cut", centre: view.centre, right: view.right, down: view.down, label: 255, eye: null, inside: true, only: null });
  const mm = view.extent_mm / 600;
  expect(cut.lasso).toEqual(SQUARE.map(([x, y]) => [expect.closeTo((x - 400) * mm, 9), expect.closeTo((y - 300) * mm, 9)]));
  expect(stroke.value).toBeNull();
});

test("in perspective the rays begin at the eye, and pass the lasso where it was drawn", () => {
  const view: VolumeView = { ...(desk.viewports.volume.view.value as VolumeView), perspective: 40 };
  const cut = cutOf(view, { width: 800, height: 600 }, SQUARE, false);
  expect(cut.inside).toBe(false);
  const away = subtract(cut.eye!, view.centre);
  expect(length(away)).toBeCloseTo(view.extent_mm / 2 / Math.tan((20 * Math.PI) / 180), 6);
  expect(dot(away, cross(view.right, view.down))).toBeCloseTo(-length(away), 6);
  const corner = combine(view.centre, cut.lasso[0]![0], view.right, cut.lasso[0]![1], view.down);
  expect(length(subtract(corner, view.centre))).toBeGreaterThan(10);
});

test("it cuts planes too, and neither turns nor windows what it draws on", () => {
  const { axial, volume } = desk.viewports;
  const before = [axial.view.value, volume.view.value];
  inside.value = false;
  draw(axial, SQUARE);
  const view = axial.view.value as PlaneView;
  expect(edits[0]).toMatchObject({ stack: "ab", change: { inside: false, centre: view.centre, right: view.right } });
  expect([axial.view.value, volume.view.value]).toEqual(before);
});

test("a tap, a line and a second finger cut nothing", () => {
  const { volume } = desk.viewports;
  draw(volume, [[100, 100], [104, 100], [104, 104]]);
  draw(volume, [[100, 100], [400, 100], [700, 100]]);
  const hands = new ViewportHands(desk, volume, () => 1, (at) => at);
  hands.press();
  hands.drag({ fingers: 1, buttons: 1, pointer: "touch", at: [300, 100], start: [100, 100], dx: 0, dy: 0, axis: "x" });
  hands.drag({ fingers: 1, buttons: 1, pointer: "touch", at: [300, 300], start: [100, 100], dx: 0, dy: 0, axis: "x" });
  hands.pinch({ factor: 1.1, degrees: 0, dx: 0, dy: 0, at: [200, 200] });
  hands.rest();
  expect(edits).toEqual([]);
});

test("a lasso of thousands of points has at most 512 corners", () => {
  const circle = Array.from({ length: 4000 }, (_, i): Vector2 => [400 + 250 * Math.cos(i / 637), 300 + 250 * Math.sin(i / 637)]);
  draw(desk.viewports.volume, circle);
  expect((edits[0]!.change as Cut).lasso.length).toBeLessThanOrEqual(512);
});

test("Escape puts it away before it closes anything else", () => {
  desk.maximised.value = "volume";
  perform(desk, { command: "cancel" });
  expect([desk.pen.value, desk.maximised.value]).toEqual([null, "volume"]);
});

/** A hand on the volume rendering that has drawn three sides of a square and is still down. */
function halfWay(pointer: "mouse" | "touch" = "mouse"): ViewportHands {
  const hands = new ViewportHands(desk, desk.viewports.volume, () => 1, (at) => at);
  hands.press();
  drags(hands, pointer);
  return hands;
}
function drags(hands: ViewportHands, pointer: "mouse" | "touch" = "mouse", buttons = 1): void {
  for (const at of SQUARE.slice(1)) hands.drag({ fingers: 1, buttons, pointer, at, start: SQUARE[0]!, dx: 9, dy: 9, axis: "x" });
}
const answer = async (): Promise<void> => {
  hear.edited!({ t: "edited", n: edits[edits.length - 1]!.n, changed: 0, counts: [], voxel_mm3: 1 });
  await settled();
  await settled();
};

test("a drag that begins while a cut is being made neither turns the body nor becomes a lasso when it is done", async () => {
  const { volume } = desk.viewports;
  draw(volume, SQUARE);
  const before = volume.view.value;
  const hands = halfWay();
  await answer();
  drags(hands);
  hands.rest();
  expect([edits.length, stroke.value, volume.view.value]).toEqual([1, null, before]);
  draw(volume, SQUARE);
  expect(edits.length).toBe(2);
  await answer();
});

test("a touch that the browser takes away cuts nothing, nor does one that a second finger or button joins", () => {
  const hands = new ViewportHands(desk, desk.viewports.volume, () => 1, (at) => at);
  const contact = (id: number, at: Vector2) => ({ id, at, time: 0, pointer: "touch" as const, buttons: 1 });
  const touch = (): Gestures => {
    const gestures = new Gestures(hands, () => () => undefined);
    gestures.down(contact(1, SQUARE[0]!));
    for (const at of [...SQUARE.slice(1), SQUARE[0]!]) gestures.move(contact(1, at));
    expect(stroke.value).not.toBeNull();
    return gestures;
  };
  touch().cancel();
  expect([edits, stroke.value]).toEqual([[], null]);
  const two = touch();
  two.down(contact(2, [500, 500]));
  two.up(1, 1);
  two.up(2, 1);
  const mouse = halfWay();
  drags(mouse, "mouse", 3);
  drags(mouse, "mouse", 1);
  mouse.rest();
  expect([edits, stroke.value]).toEqual([[], null]);
});

test("a picture that moves below the hand is not cut", () => {
  const hands = halfWay();
  const { volume } = desk.viewports;
  moves.zoom(volume, 2, [0, 0], false);
  volume.drawn.value = { ...volume.drawn.value!, view: volume.view.value! };
  hands.rest();
  expect([edits, stroke.value]).toEqual([[], null]);
});

test("a tool and the stack put the scalpel away, also while its hand is down", () => {
  desk.tool.value = "window";
  const hands = halfWay();
  const before = desk.viewports.volume.view.value;
  perform(desk, { command: "tool_window" });
  expect([desk.tool.value, desk.pen.value]).toEqual(["window", null]);
  drags(hands);
  hands.rest();
  expect([edits, stroke.value, desk.viewports.volume.view.value]).toEqual([[], null, before]);
  desk.pen.value = new Scalpel(desk, () => undefined);
  choose(desk, null);
  expect(desk.pen.value).toBeNull();
  desk.pen.value = new Scalpel(desk, () => undefined);
  openStackLayout(desk);
  expect(desk.pen.value).toBeNull();
});

test("undo from the planes back to the stack puts the scalpel away", async () => {
  await settled();
  desk.pen.value = null;
  openStackLayout(desk);
  await settled();
  openMpr(desk, "volume");
  await settled();
  desk.pen.value = new Scalpel(desk, () => undefined);
  desk.history.undo();
  expect([desk.layout.value, desk.pen.value]).toEqual(["stack", null]);
});
