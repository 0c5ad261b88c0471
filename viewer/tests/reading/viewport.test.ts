import { beforeEach, expect, test, vi } from "vitest";
import { Viewport } from "../../src/reading/viewport";
import type { Connection, Wanted } from "../../src/stream/connection";
import type { StackView } from "../../src/stream/messages";
import type { Drawn } from "../../src/stream/screen";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

const view: StackView = {
  kind: "stack",
  series: 1,
  stack: "ab",
  frame: 0,
  centre: [50, 50],
  right: [1, 0],
  down: [0, 1],
  extent_mm: 100,
  window: [40, 400],
};
const corners: [number, number][] = [
  [0, 0],
  [100, 100],
];

let asked: Wanted[];
let viewport: Viewport;
beforeEach(() => {
  asked = [];
  const connection = {
    attach: () => undefined,
    show: (_: number, wanted: Wanted) => asked.push(wanted),
  } as unknown as Connection;
  viewport = new Viewport("stack", connection, () => undefined);
  const canvas = { getContext: () => ({ clearRect: () => undefined }) } as unknown as HTMLCanvasElement;
  viewport.mount(canvas, { width: 400, height: 200 }, true);
  viewport.open(view, corners);
});

/** As if a whole frame of this viewport's size had been drawn. */
function show(width: number, height: number): void {
  const frame = { width, height, full_width: width, full_height: height } as Drawn;
  viewport.drawn.value = { frame, view };
}

test("a viewport that is squeezed to nothing asks for nothing and keeps what it looks at", () => {
  const before = viewport.view.value;
  viewport.resize({ width: 400, height: 0 }, true);
  viewport.resize({ width: 0, height: 200 }, true);
  expect(viewport.view.value).toEqual(before);
  expect(asked).toHaveLength(1);
  viewport.resize({ width: 400, height: 100 }, true);
  expect(asked[1]).toMatchObject({ height: 100, view: { extent_mm: 100 } });
});

test("a resized viewport stretches its old picture as the canvas does: whole and in proportion", () => {
  show(400, 200);
  expect([viewport.stretch, viewport.oneToOne]).toEqual([1, true]);
  viewport.resize({ width: 200, height: 400 }, true);
  expect([viewport.stretch, viewport.oneToOne]).toEqual([0.5, false]);
});

test("a canvas coarser than its display is not one to one", () => {
  show(400, 200);
  viewport.resize({ width: 400, height: 200 }, false);
  expect(viewport.oneToOne).toBe(false);
});

test("a picture that was on its way before an image was refused does not take the trouble off the screen", () => {
  const trouble = { code: "unreadable_frame", detail: "", image: [2, 8] as [number, number] };
  const screen = viewport as unknown as { report(drawn: Drawn): void };
  const [first, second] = asked.concat({ ...asked[0], view: { ...view, frame: 1 } } as Wanted);
  viewport.sent(1, first as Wanted);
  viewport.sent(2, second as Wanted);
  viewport.refuse({ t: "trouble", viewport: 1, ...trouble });
  screen.report({ input: 1 } as Drawn);
  expect(viewport.trouble.value).toMatchObject({ image: [2, 8] });
  viewport.sent(3, first as Wanted);
  screen.report({ input: 3 } as Drawn);
  expect(viewport.trouble.value).toBeNull();
});
