/** Rigid transforms: how one volume's patient space lies in another's. Rows of a 3×4 matrix, millimetres. */

import { add, cross, dot, scale, subtract, turn, unit, type Vector3 } from "./vectors";

export type Row = [number, number, number, number];
export type Rigid = [Row, Row, Row];

export const STILL: Rigid = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
];

export const isStill = (move: Rigid): boolean => move.every((row, i) => row.every((part, j) => part === STILL[i]![j]));

const column = (move: Rigid, j: number): Vector3 => move.map((row) => row[j]!) as Vector3;

export const apply = (move: Rigid, point: Vector3): Vector3 =>
  move.map(([a, b, c, d]) => a * point[0] + b * point[1] + c * point[2] + d) as Vector3;

/** The same, and then farther by `by`. */
export const shifted = (move: Rigid, by: Vector3): Rigid =>
  move.map(([a, b, c, d], i): Row => [a, b, c, d + by[i]!]) as Rigid;

/** The same, and then turned by `degrees` about a unit vector through `pivot`, right-handed. */
export function turnedAbout(move: Rigid, axis: Vector3, degrees: number, pivot: Vector3): Rigid {
  const angle = (degrees * Math.PI) / 180;
  const along = (v: Vector3): Vector3 => turn(v, axis, angle);
  // The columns are where the axes go. Made square again: a thousand small turns must stay a turn.
  const x = unit(along(column(move, 0)));
  const loose = along(column(move, 1));
  const y = unit(subtract(loose, scale(x, dot(x, loose))));
  const z = cross(x, y);
  const to = add(pivot, along(subtract(column(move, 3), pivot)));
  return [0, 1, 2].map((i): Row => [x[i]!, y[i]!, z[i]!, to[i]!]) as Rigid;
}
