import { expect, test } from "vitest";
import { fit, flip, normal, pan, pointAt, rotate, screenOf, through, zoom } from "../../src/geometry/camera";
import type { Vector2, Vector3 } from "../../src/geometry/vectors";

// 200 mm over the shorter side of 400 × 200 pixels: one millimetre per pixel.
const size = { width: 400, height: 200 };
const flat = { centre: [50, 60] as Vector2, right: [1, 0] as Vector2, down: [0, 1] as Vector2, extent_mm: 200 };
const coronal = {
  centre: [0, 10, 0] as Vector3,
  right: [1, 0, 0] as Vector3,
  down: [0, 0, -1] as Vector3,
  extent_mm: 100, // half a millimetre per pixel
};

test("the middle of the viewport is the centre of the view", () => {
  expect(pointAt(flat, size, [200, 100])).toEqual([50, 60]);
});

test("the top left corner lies half a viewport up and left", () => {
  expect(pointAt(flat, size, [0, 0])).toEqual([-150, -40]);
});

test("a plane's screen goes right along right and down along down", () => {
  expect(pointAt(coronal, size, [220, 140])).toEqual([10, 10, -20]);
});

test("screen and patient are each other's inverse", () => {
  const [x, y] = screenOf(coronal, size, pointAt(coronal, size, [37, 151]));
  expect(x).toBeCloseTo(37, 9);
  expect(y).toBeCloseTo(151, 9);
});

test("panning moves what was under the finger to where the finger is", () => {
  const before = pointAt(coronal, size, [100, 50]);
  expect(pointAt(pan(coronal, size, 30, -12), size, [130, 38])).toEqual(before);
});

test("zooming about a point leaves that point where it is", () => {
  const held = pointAt(flat, size, [330, 20]);
  const zoomed = zoom(flat, size, 2, [330, 20]);
  expect(zoomed.extent_mm).toBe(100);
  const now = pointAt(zoomed, size, [330, 20]);
  expect(now[0]).toBeCloseTo(held[0], 9);
  expect(now[1]).toBeCloseTo(held[1], 9);
});

test("a quarter turn clockwise brings what was on the left to the top", () => {
  const left = pointAt(flat, size, [150, 100]);
  expect(screenOf(rotate(flat, 90), size, left)).toEqual([200, 50]);
});

test("four quarter turns are exactly none", () => {
  const turned = [1, 2, 3, 4].reduce((view) => rotate(view, 90), coronal);
  expect(turned.right.map((v) => v + 0)).toEqual(coronal.right);
  expect(turned.down.map((v) => v + 0)).toEqual(coronal.down);
});

test("a quarter turn after a mirror is still clockwise on the screen", () => {
  const mirrored = flip(flat, "horizontal");
  const left = pointAt(mirrored, size, [150, 100]);
  expect(screenOf(rotate(mirrored, 90), size, left)).toEqual([200, 50]);
});

test("a horizontal flip mirrors about the middle", () => {
  expect(screenOf(flip(flat, "horizontal"), size, pointAt(flat, size, [150, 70]))).toEqual([250, 70]);
});

test("fit shows all corners and touches two edges", () => {
  const corners: Vector2[] = [
    [0, 0],
    [300, 0],
    [0, 100],
    [300, 100],
  ];
  const fitted = fit(flat, size, corners);
  expect(fitted.centre).toEqual([150, 50]);
  expect(screenOf(fitted, size, [0, 50])[0]).toBeCloseTo(0, 9);
  expect(screenOf(fitted, size, [300, 50])[0]).toBeCloseTo(400, 9);
});

test("the coronal plane from the front looks toward the back", () => {
  expect(normal(coronal).map((v) => v + 0)).toEqual([0, 1, 0]);
});

test("moving a plane through a point changes its depth only", () => {
  expect(through(coronal, [5, 33, -7]).centre).toEqual([0, 33, 0]);
});
