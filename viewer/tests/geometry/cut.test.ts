import { expect, test } from "vitest";
import { cutAt, depthOfCut, depthOfVolume } from "../../src/geometry/cut";
import type { Vector3 } from "../../src/geometry/vectors";

const corners = [-10, 20].flatMap((x) => [-30, 50].flatMap((y) => [0, 100].map((z): Vector3 => [x, y, z])));
const front = { right: [1, 0, 0] as Vector3, down: [0, 0, -1] as Vector3 }; // looks to the back
const left = { right: [0, 1, 0] as Vector3, down: [0, 0, -1] as Vector3 }; // looks to the right

test("a plane cuts across the viewing direction, so deep below the nearest corner", () => {
  const [a, b, c, d] = cutAt(front, corners, 12);
  expect([a, b, c].map((v) => v + 0)).toEqual([0, 1, 0]);
  expect(d).toBe(-18); // what is kept begins 12 mm behind y = −30
  expect(depthOfVolume(front, corners)).toBe(80);
  expect(cutAt(left, corners, 5)[3]).toBe(-15); // x ≤ 15
});

test("its depth is read from the plane alone, however one looks by then", () => {
  for (const view of [front, left]) {
    for (const depth of [0, 7.5, 30]) expect(depthOfCut(cutAt(view, corners, depth), corners)).toBeCloseTo(depth, 9);
  }
});
