/** Orientation letters: which way in the patient a direction on the screen points. */

import { scale, unit, type Vector2, type Vector3 } from "./vectors";

/** The six letters at the ends of the patient's axes: left and right, posterior and anterior, head and feet. */
const ENDS = [
  ["L", "R"],
  ["P", "A"],
  ["H", "F"],
] as const;

// A second letter appears from 12° of tilt: less is how people lie on tables, more is an oblique plane.
const LEAST = Math.sin((12 * Math.PI) / 180);

/** The letters of an LPS direction, the strongest first: "L", or "RA" for an oblique one. */
export function letters(direction: Vector3): string {
  return unit(direction)
    .map((part, axis) => ({ size: Math.abs(part), letter: ENDS[axis]![part > 0 ? 0 : 1] }))
    .filter(({ size }) => size > LEAST)
    .sort((a, b) => b.size - a.size)
    .map(({ letter }) => letter)
    .join("");
}

/** The LPS direction that letters of a header stand for: its first letter is the strongest (PS3.3 C.7.6.1.1.1). */
export function directionOf(written: string): Vector3 | null {
  const direction: [number, number, number] = [0, 0, 0];
  [...written].forEach((letter, i) => {
    ENDS.forEach((ends, axis) => {
      if (ends.includes(letter as never)) direction[axis] = (letter === ends[0] ? 1 : -1) / 2 ** i;
    });
  });
  return direction.some((part) => part !== 0) ? direction : null;
}

export interface Edges {
  top: string;
  bottom: string;
  left: string;
  right: string;
}

/** The letters at the four edges of a viewport whose screen axes point along `right` and `down` in the patient. */
export const edges = (right: Vector3, down: Vector3): Edges => ({
  top: letters(scale(down, -1)),
  bottom: letters(down),
  left: letters(scale(right, -1)),
  right: letters(right),
});

/** A direction in an image's own plane as a patient direction; `row` points along a row, `column` down a column. */
export const inPatient = ([along, downward]: Vector2, row: Vector3, column: Vector3): Vector3 => [
  along * row[0] + downward * column[0],
  along * row[1] + downward * column[1],
  along * row[2] + downward * column[2],
];
