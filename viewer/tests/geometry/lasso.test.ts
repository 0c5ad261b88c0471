import { expect, test } from "vitest";
import { pointAt, screenOf, type Lens } from "../../src/geometry/camera";
import { project } from "../../src/geometry/projection";
import { areaOf, eyeOf, inPlane, thinned } from "../../src/geometry/lasso";
import { add, combine, scale, subtract, unit, type Vector2, type Vector3 } from "../../src/geometry/vectors";
import type { VolumeView } from "../../src/stream/messages";

const view: VolumeView = {
  kind: "volume",
  series: 1,
  stack: "ab",
  centre: [10, -20, 30],
  right: unit([1, 1, 0]),
  down: [0, 0, -1],
  extent_mm: 300,
  preset: "ct_bone",
  window: [0, 1],
};
const size = { width: 800, height: 600 };

test("pixels are millimetres from the centre, and the same pixels again", () => {
  const pixels: Vector2[] = [[400, 300], [0, 0], [800, 600], [500, 100]];
  const corners = inPlane(view, size, pixels);
  expect(corners[0]).toEqual([0, 0]);
  expect(corners[1]).toEqual([-200, -150]); // half a millimetre a pixel
  corners.forEach(([x, y], i) => {
    const point = combine(view.centre, x, view.right, y, view.down);
    expect(screenOf(view, size, point)).toEqual(pixels[i]!.map((part) => expect.closeTo(part, 9)));
    expect(pointAt(view, size, pixels[i]!)).toEqual(point.map((part) => expect.closeTo(part, 9)));
  });
});

test("rays from the eye pass the plane where the lasso was drawn", () => {
  const lens = { ...view, perspective: 60 } as VolumeView & Lens;
  const eye = eyeOf(lens)!;
  // Half the extent over the tangent of half the angle, before the centre.
  expect(Math.hypot(...subtract(eye, lens.centre))).toBeCloseTo(150 / Math.tan(Math.PI / 6), 9);
  const [x, y] = inPlane(lens, size, [[650, 120]])[0]!;
  const drawn: Vector3 = combine(lens.centre, x, lens.right, y, lens.down);
  for (const far of [0.6, 1, 1.9]) {
    const seen = project(lens, size, add(eye, scale(subtract(drawn, eye), far)))!;
    expect(seen).toEqual([expect.closeTo(650, 6), expect.closeTo(120, 6)]);
  }
});

test("rays of a projection and of parallel views have no eye", () => {
  expect(eyeOf(view)).toBeNull();
  expect(eyeOf({ ...view, perspective: 60, projection: "max" })).toBeNull();
});

test("a lasso keeps its shape with few corners, and never more than the server takes", () => {
  const circle = (n: number): Vector2[] =>
    Array.from({ length: n }, (_, i) => [100 + 80 * Math.cos((2 * Math.PI * i) / n), 100 + 80 * Math.sin((2 * Math.PI * i) / n)]);
  expect(thinned([[0, 0], [1, 0], [2, 0], [2.5, 0], [5, 0]], 2, 512)).toEqual([[0, 0], [2, 0], [5, 0]]);
  const few = thinned(circle(5000), 0, 512);
  expect(few.length).toBe(512);
  expect(areaOf(few)).toBeGreaterThan(Math.PI * 80 * 80 * 0.999);
  expect(areaOf(circle(4))).toBeCloseTo(2 * 80 * 80, 6);
  expect(areaOf([[0, 0], [10, 0]])).toBe(0);
});
