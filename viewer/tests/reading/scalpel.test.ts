import { signal } from "@preact/signals";
import { beforeEach, expect, test, vi } from "vitest";
import type { Cut, Edit, PlaneView, VolumeView } from "../../src/stream/messages";
import { combine, cross, dot, length, subtract, type Vector2 } from "../../src/geometry/vectors";
import { perform } from "../../src/reading/commands";
import type { Desk } from "../../src/reading/desk";
import { ViewportHands } from "../../src/reading/hands";
import { openMpr } from "../../src/reading/opening";
import { cutOf, inside, Scalpel, stroke } from "../../src/reading/scalpel";
import type { Viewport } from "../../src/reading/viewport";
import type { Drawn } from "../../src/stream/screen";
import { chest, openChest } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

let edits: Edit[];
let desk: Desk;
beforeEach(() => {
  edits = [];
  const connection = { palettes: signal([]), state: signal("open"), hear: {}, edits: [], edit: (edit: Edit) => edits.push(edit) };
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
