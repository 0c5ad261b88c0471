import { expect, test } from "vitest";
import { fit, zoom, type Lens } from "../../src/geometry/camera";
import { project, projectLine, turnedAway } from "../../src/geometry/projection";
import type { Vector3 } from "../../src/geometry/vectors";

// From the front, half a millimetre per pixel at the centre.
const size = { width: 400, height: 200 };
const flat: Lens = { centre: [0, 10, 0], right: [1, 0, 0], down: [0, 0, -1], extent_mm: 100 };
// 90° over 100 mm: the eye is 50 mm before the centre.
const wide: Lens = { ...flat, perspective: 90 };

test("parallel rays make nothing larger or smaller", () => {
  for (const y of [-200, 10, 300]) expect(project(flat, size, [20, y, 10])).toEqual([240, 80]);
});

test("in perspective the centre's plane is as it was, what is nearer is larger and what is farther smaller", () => {
  expect(project(wide, size, [20, 10, 10])).toEqual([240, 80]);
  expect(project(wide, size, [20, -15, 10])).toEqual([280, 60]); // half as far from the eye
  expect(project(wide, size, [20, 60, 10])).toEqual([220, 90]); // twice as far
});

test("the opening angle spans the shorter side", () => {
  // On the ray at half of 30° up, whatever the distance.
  const view: Lens = { ...flat, perspective: 30 };
  const slope = Math.tan(Math.PI / 12);
  const eye = 10 - 50 / slope;
  for (const away of [5, 100, 700]) {
    const at = project(view, size, [0, eye + away, away * slope])!;
    expect(at[0]).toBeCloseTo(200, 9);
    expect(at[1]).toBeCloseTo(0, 9);
  }
});

test("what is beside or behind the eye stands nowhere, and a line that goes there ends before the eye", () => {
  expect(project(wide, size, [0, -40, 0])).toBeNull();
  expect(project(wide, size, [0, -100, 3])).toBeNull();
  expect(projectLine(wide, size, [0, -41, 0], [0, -90, 0])).toBeNull();
  const [from, to] = projectLine(wide, size, [1, 10, 0], [1, -90, 0])!;
  expect(from).toEqual([202, 100]);
  expect(to[0]).toBeGreaterThan(280); // close to the eye a millimetre is far
  expect(to[1]).toBeCloseTo(100, 6);
  expect(projectLine(wide, size, [1, -90, 0], [1, 10, 0])![1]).toEqual([202, 100]);
});

test("a face turns away by the angle between its normal and the way one looks at it", () => {
  expect(turnedAway(flat, [30, 0, 0], [0, -1, 0])).toBe(-1);
  expect(turnedAway(flat, [30, 0, 0], [0, 1, 0])).toBe(1);
  expect(turnedAway(flat, [30, 0, 0], [0.8, 0.6, 0])).toBeCloseTo(0.6, 9);
  // Along parallel rays a side is seen from neither side; an eye in the middle looks at the insides of both.
  const left: Vector3 = [1, 0, 0];
  expect(turnedAway(flat, [50, 10, 0], left)).toBe(0);
  expect(turnedAway(wide, [50, 10, 0], left)).toBeCloseTo(Math.SQRT1_2, 9);
  expect(turnedAway(wide, [-50, 10, 0], left)).toBeCloseTo(-Math.SQRT1_2, 9);
});

test("to fit in perspective is to see every corner, and one of them at the edge", () => {
  const corners = [-60, 60].flatMap((x) => [-70, 90].flatMap((y) => [-30, 50].map((z): Vector3 => [x, y, z])));
  for (const perspective of [10, 45, 90]) {
    for (const room of [size, { width: 200, height: 400 }]) {
      const fitted = fit({ ...wide, centre: [500, 400, -30], perspective }, room, corners);
      const places = corners.map((corner) => project(fitted, room, corner)!);
      const reach = Math.max(...places.flatMap(([x, y]) => [Math.abs(x / room.width - 0.5), Math.abs(y / room.height - 0.5)]));
      expect(reach).toBeCloseTo(0.5, 9);
      expect(fitted.centre).toEqual([0, 10, 10]);
    }
  }
});

test("zooming in perspective brings the eye closer, and then takes the centre along", () => {
  const eyeOf = ({ centre, extent_mm }: Lens): number => centre[1] - extent_mm / 2; // at 90°
  const closer = zoom(wide, size, 2, [200, 100]);
  expect(closer).toMatchObject({ extent_mm: 50, centre: [0, 10, 0] });
  const through = zoom(closer, size, 5, [200, 100]);
  expect(through.extent_mm).toBe(20);
  expect(eyeOf(through)).toBeCloseTo(10 - 5, 9); // as a fifth of the way that was left asks
  const on = zoom(through, size, 2, [200, 100]);
  expect(on.extent_mm).toBe(20);
  expect(eyeOf(on) - eyeOf(through)).toBeCloseTo(5, 9);
  expect(zoom(flat, size, 1000, [200, 100])).toMatchObject({ extent_mm: 1, centre: [0, 10, 0] });
});
