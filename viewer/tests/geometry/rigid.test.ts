import { expect, test } from "vitest";
import { apply, isStill, shifted, STILL, turnedAbout, type Rigid } from "../../src/geometry/rigid";
import { dot, length, subtract, unit, type Vector3 } from "../../src/geometry/vectors";

const rows = (move: Rigid): Vector3[] => move.map(([a, b, c]) => [a, b, c]);

/** How far from a turn: rows that are not unit vectors at right angles, or mirror. */
function error(move: Rigid): number {
  const [a, b, c] = rows(move) as [Vector3, Vector3, Vector3];
  const determinant = a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0]);
  const squares = [dot(a, a) - 1, dot(b, b) - 1, dot(c, c) - 1, dot(a, b), dot(b, c), dot(a, c), determinant - 1];
  return Math.max(...squares.map(Math.abs));
}

test("five thousand nudges in every direction leave a rigid transform to 1e-12", () => {
  let move = STILL;
  const axes: Vector3[] = [[1, 0, 0], [0, 1, 0], [0, 0, 1], unit([1, -2, 0.5])];
  for (let i = 0; i < 5000; i += 1) {
    move = turnedAbout(move, axes[i % 4]!, (i % 7) * 1.37 - 3, [30, -200, 1000]);
    move = shifted(move, [0.5, -0.25, 1]);
  }
  expect(error(move)).toBeLessThan(1e-12);
  // Distances stay what they are.
  const [p, q]: Vector3[] = [[10, 20, -30], [-100, 5, 60]];
  expect(length(subtract(apply(move, p!), apply(move, q!)))).toBeCloseTo(length(subtract(p!, q!)), 9);
});

test("a turn leaves its pivot where it is, and a quarter about the head's axis brings left to the back", () => {
  const moved = turnedAbout(shifted(STILL, [5, 0, 0]), [0, 0, 1], 90, [1, 2, 3]);
  const pivot = apply(moved, [1 - 5, 2, 3]); // what lay at the pivot before it was turned
  expect(pivot.map((part) => Number(part.toFixed(9)))).toEqual([1, 2, 3]);
  expect(apply(turnedAbout(STILL, [0, 0, 1], 90, [0, 0, 0]), [1, 0, 0]).map((part) => Math.round(part))).toEqual([0, 1, 0]);
});

test("a turn and its opposite are no turn, and nothing but the untouched transform is still", () => {
  const there = turnedAbout(STILL, [0, 1, 0], 17, [3, 4, 5]);
  const back = turnedAbout(there, [0, 1, 0], -17, [3, 4, 5]);
  back.forEach((row, i) => row.forEach((part, j) => expect(part).toBeCloseTo(STILL[i]![j]!, 12)));
  expect(isStill(STILL)).toBe(true);
  expect([isStill(there), isStill(shifted(STILL, [0, 0, 1e-3]))]).toEqual([false, false]);
});
