import { expect, test } from "vitest";
import { flip, rotate } from "../../src/geometry/camera";
import { directionOf, edges, inPatient, letters } from "../../src/geometry/letters";
import type { Vector3 } from "../../src/geometry/vectors";

test.each<[Vector3, string]>([
  [[1, 0, 0], "L"],
  [[-1, 0, 0], "R"],
  [[0, 1, 0], "P"],
  [[0, -1, 0], "A"],
  [[0, 0, 1], "H"],
  [[0, 0, -1], "F"],
])("%j points to %s", (direction, letter) => {
  expect(letters(direction)).toBe(letter);
});

test("an oblique direction has two letters, the stronger first", () => {
  expect(letters([-0.8, -0.6, 0])).toBe("RA");
  expect(letters([-0.6, -0.8, 0])).toBe("AR");
});

test("three letters when no axis is near", () => {
  expect(letters([1, -0.9, 0.8])).toBe("LAH");
});

test("a head that lies a few degrees turned keeps single letters", () => {
  expect(letters([Math.cos(0.1), Math.sin(0.1), 0])).toBe("L");
});

// An axial view from the feet: the patient's left is on the screen's right, the back is below.
const axial = { centre: [0, 0, 0] as Vector3, right: [1, 0, 0] as Vector3, down: [0, 1, 0] as Vector3, extent_mm: 1 };

test("an axial picture has R on the left and A on top", () => {
  expect(edges(axial.right, axial.down)).toEqual({ left: "R", right: "L", top: "A", bottom: "P" });
});

test("a horizontal flip swaps left and right only", () => {
  const { right, down } = flip(axial, "horizontal");
  expect(edges(right, down)).toEqual({ left: "L", right: "R", top: "A", bottom: "P" });
});

test("a vertical flip swaps top and bottom only", () => {
  const { right, down } = flip(axial, "vertical");
  expect(edges(right, down)).toEqual({ left: "R", right: "L", top: "P", bottom: "A" });
});

test("turned clockwise, what was on the left is on top", () => {
  const { right, down } = rotate(axial, 90);
  expect(edges(right, down)).toEqual({ top: "R", right: "A", bottom: "L", left: "P" });
});

test("flipped and then turned, the letters still go with the anatomy", () => {
  const { right, down } = rotate(flip(axial, "horizontal"), 90);
  expect(edges(right, down)).toEqual({ top: "L", right: "A", bottom: "R", left: "P" });
});

test("a stack's directions go through the image's own row and column", () => {
  // A sagittal image: rows run toward the back, columns toward the feet.
  const [row, column]: [Vector3, Vector3] = [
    [0, 1, 0],
    [0, 0, -1],
  ];
  expect(letters(inPatient([1, 0], row, column))).toBe("P");
  expect(letters(inPatient([0, 1], row, column))).toBe("F");
  expect(letters(inPatient([-1, 0], row, column))).toBe("A");
});

test.each([
  ["L", "L"],
  ["A", "A"],
  ["FR", "FR"],
  ["AL", "AL"],
  ["HAR", "HAR"],
])("the header's letters %s come back", (written, shown) => {
  expect(letters(directionOf(written)!)).toBe(shown);
});

test("letters that stand for no direction of a person are none", () => {
  expect(directionOf("")).toBeNull();
  expect(directionOf("D")).toBeNull();
});

test("a mammogram by its letters: what is flipped keeps its letters with the anatomy", () => {
  // A right MLO: rows run to the front, columns to the feet and the right.
  const [row, column] = [directionOf("A")!, directionOf("FR")!];
  expect(edges(inPatient([1, 0], row, column), inPatient([0, 1], row, column))).toEqual({
    left: "P",
    right: "A",
    top: "HL",
    bottom: "FR",
  });
  expect(letters(inPatient([-1, 0], row, column))).toBe("P");
});
