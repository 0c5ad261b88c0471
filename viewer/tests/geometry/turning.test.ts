import { expect, test } from "vitest";
import { crosshair } from "../../src/geometry/crosshair";
import { edges } from "../../src/geometry/letters";
import { lengthText, scaleBar } from "../../src/geometry/scale_bar";
import { roll, twist } from "../../src/geometry/trackball";
import { screenOf } from "../../src/geometry/camera";
import { cross, dot, length, type Vector3 } from "../../src/geometry/vectors";

const front = {
  centre: [0, 0, 0] as Vector3,
  right: [1, 0, 0] as Vector3,
  down: [0, 0, -1] as Vector3,
  extent_mm: 100,
};
const size = { width: 100, height: 100 };

test("the body's front follows the finger to the right", () => {
  const turned = roll(front, 0.1, 0, [0, 0, 0]);
  expect(screenOf(turned, size, [0, -30, 0])[0]).toBeGreaterThan(50);
  expect(screenOf(turned, size, [0, -30, 0])[1]).toBeCloseTo(50, 9);
});

test("the body's front follows the finger down", () => {
  const turned = roll(front, 0, 0.1, [0, 0, 0]);
  expect(screenOf(turned, size, [0, -30, 0])[1]).toBeGreaterThan(50);
});

test("a drag of half the viewport to the right shows the patient's right side", () => {
  // The front has gone to the right edge, so what faces us is the side that was on the screen's left.
  const { right, down } = roll(front, 0.5, 0, [0, 0, 0]);
  expect(edges(right, down)).toEqual({ left: "P", right: "A", top: "H", bottom: "F" });
});

test("the pivot keeps its place on the screen", () => {
  const pivot: Vector3 = [10, 20, -5];
  const before = screenOf(front, size, pivot);
  const after = screenOf(roll(front, 0.3, -0.2, pivot), size, pivot);
  expect(after[0]).toBeCloseTo(before[0], 9);
  expect(after[1]).toBeCloseTo(before[1], 9);
});

test("after a thousand turns the axes are still square and of length one", () => {
  let view = front;
  for (let i = 0; i < 1000; i++) view = roll(view, 0.013, 0.007, [1, 2, 3]);
  expect(dot(view.right, view.down)).toBeCloseTo(0, 12);
  expect(length(view.right)).toBeCloseTo(1, 12);
  expect(length(cross(view.right, view.down))).toBeCloseTo(1, 12);
});

test("a twist of a quarter brings the patient's right side to the top", () => {
  const { right, down } = twist(front, 90, [0, 0, 0]);
  expect(edges(right, down)).toEqual({ top: "R", right: "H", bottom: "L", left: "F" });
});

test("the scale bar is the longest of 1, 2, 5 that fits", () => {
  expect(scaleBar(0.5, 250)).toEqual({ length_mm: 100, pixels: 200 });
  expect(scaleBar(0.5, 399)).toEqual({ length_mm: 100, pixels: 200 });
  expect(scaleBar(0.5, 400)).toEqual({ length_mm: 200, pixels: 400 });
  expect(scaleBar(0.01, 60).length_mm).toBeCloseTo(0.5, 12);
});

test("lengths are said in centimetres from one centimetre on", () => {
  expect([100, 50, 5, 0.5].map(lengthText)).toEqual(["10 cm", "5 cm", "5 mm", "0.5 mm"]);
});

test("in the axial plane the coronal line lies across and the sagittal line stands", () => {
  const axial = { ...front, down: [0, 1, 0] as Vector3 };
  const { at, lines } = crosshair(
    axial,
    size,
    [10, -20, 3],
    [
      ["coronal", front],
      ["sagittal", { right: [0, 1, 0], down: [0, 0, -1] }],
    ],
  );
  expect(at).toEqual([60, 30]);
  const [coronal, sagittal] = lines.map(({ along }) => along.map(Math.abs));
  expect(coronal).toEqual([1, 0]);
  expect(sagittal).toEqual([0, 1]);
});
