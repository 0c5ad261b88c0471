/** A Volume's grid in the patient: its axes, its box, and the three planes a reader expects of it. */

import type { Geometry } from "../api/messages";
import { add, cross, dot, length, scale, subtract, unit, type Vector3 } from "./vectors";

export type Plane = "axial" | "coronal" | "sagittal";
export const PLANES: readonly Plane[] = ["axial", "coronal", "sagittal"];

/** Index (x, y, z) to patient millimetres; whole numbers are voxel centres. */
export function toPatient(geometry: Geometry, [x, y, z]: Vector3): Vector3 {
  const m = geometry.affine;
  const row = (r: number): number => m[r]! * x + m[r + 1]! * y + m[r + 2]! * z + m[r + 3]!;
  return [row(0), row(4), row(8)];
}

/** One voxel step along index axis 0 (x), 1 (y) or 2 (z), in patient millimetres. */
export const step = ({ affine: m }: Geometry, axis: number): Vector3 => [m[axis]!, m[4 + axis]!, m[8 + axis]!];

const counts = ({ shape: [z, y, x] }: Geometry): Vector3 => [x, y, z];

export const centre = (geometry: Geometry): Vector3 =>
  toPatient(geometry, counts(geometry).map((n) => (n - 1) / 2) as Vector3);

/** The box around all voxels, half a voxel beyond the outermost centres. */
export function corners(geometry: Geometry): Vector3[] {
  const [nx, ny, nz] = counts(geometry);
  return [-0.5, nx - 0.5].flatMap((x) =>
    [-0.5, ny - 0.5].flatMap((y) => [-0.5, nz - 0.5].map((z) => toPatient(geometry, [x, y, z]))),
  );
}

/** A patient point as index (x, y, z), with fractions; whole numbers are voxel centres. */
export function toIndex(geometry: Geometry, point: Vector3): Vector3 {
  const [a, b, c] = [step(geometry, 0), step(geometry, 1), step(geometry, 2)];
  const away = subtract(point, toPatient(geometry, [0, 0, 0]));
  const volume = dot(a, cross(b, c)); // Cramer's rule; nothing here may assume that the grid is right-handed
  return [dot(away, cross(b, c)) / volume, dot(a, cross(away, c)) / volume, dot(a, cross(b, away)) / volume];
}

/** The point, or the nearest one (along the grid's axes) between the outermost voxel centres. */
export function inside(geometry: Geometry, point: Vector3): Vector3 {
  const index = toIndex(geometry, point);
  const held = counts(geometry).map((n, i) => Math.min(n - 1, Math.max(0, index[i]!))) as Vector3;
  return held.every((value, i) => value === index[i]) ? point : toPatient(geometry, held);
}

/**
 * Unit vectors to the patient's left, back and head.
 *
 * The volume's own axes where each is within 30° of one of the patient's: a head lies a little turned, and along its
 * own grid a plane shows stored values instead of blurred ones. Otherwise the patient's axes.
 */
export function patientAxes(geometry: Geometry): [Vector3, Vector3, Vector3] {
  const plain: [Vector3, Vector3, Vector3] = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];
  const own = [0, 1, 2].map((axis) => unit(step(geometry, axis)));
  const found = plain.map((wanted) => {
    const best = own.reduce((a, b) => (Math.abs(dot(b, wanted)) > Math.abs(dot(a, wanted)) ? b : a));
    return scale(best, Math.sign(dot(best, wanted)));
  }) as [Vector3, Vector3, Vector3];
  const near = found.every((axis, i) => dot(axis, plain[i]!) > Math.cos(Math.PI / 6));
  const square = [
    [0, 1],
    [1, 2],
    [0, 2],
  ].every(([i, j]) => Math.abs(dot(found[i!]!, found[j!]!)) < 1e-4);
  return near && square ? found : plain;
}

/** Screen right and down: axial from the feet, coronal from the front, sagittal from the patient's left. */
export function screenAxes(geometry: Geometry): Record<Plane, { right: Vector3; down: Vector3 }> {
  const [left, back, head] = patientAxes(geometry);
  const feet = scale(head, -1);
  return {
    axial: { right: left, down: back },
    coronal: { right: left, down: feet },
    sagittal: { right: back, down: feet },
  };
}

/** Camera axes that see the patient from one of the six sides, the head up (the front up from head and feet). */
export function seenFrom(
  geometry: Geometry,
  side: "A" | "P" | "L" | "R" | "H" | "F",
): { right: Vector3; down: Vector3 } {
  const [left, back, head] = patientAxes(geometry);
  const [right, front, feet] = [scale(left, -1), scale(back, -1), scale(head, -1)];
  return {
    A: { right: left, down: feet },
    P: { right, down: feet },
    L: { right: back, down: feet },
    R: { right: front, down: feet },
    H: { right, down: back },
    F: { right: left, down: back },
  }[side];
}

export interface Slices {
  /** From one slice to the next, patient millimetres. */
  step: Vector3;
  first: number;
  count: number;
  spacing_mm: number;
}

/**
 * How a plane with this normal is scrolled: along the normal, one voxel a step, over the whole volume.
 *
 * The next slice is toward the back and the patient's left; across the stored frames it is the next frame, so
 * that the axial plane and the stack scroll the same way. It does not depend on flips. `first` is the position of
 * the first slice along the unit step.
 */
export function slices(geometry: Geometry, normal: Vector3): Slices {
  const steps = [0, 1, 2].map((axis) => step(geometry, axis));
  const along = steps.map((s) => Math.abs(dot(unit(s), normal)));
  const axis = along.indexOf(Math.max(...along));
  const spacing_mm = length(steps[axis]!);
  const toward: Vector3 = axis === 2 ? unit(steps[2]!) : [1, 1, -1];
  const direction = scale(normal, dot(normal, toward) < 0 ? -1 : 1);
  const [nx, ny, nz] = counts(geometry);
  const ends = [0, nx - 1].flatMap((x) =>
    [0, ny - 1].flatMap((y) => [0, nz - 1].map((z) => dot(toPatient(geometry, [x, y, z]), direction))),
  );
  const first = Math.min(...ends);
  const count = Math.floor((Math.max(...ends) - first) / spacing_mm + 1e-6) + 1;
  return { step: scale(direction, spacing_mm), first, count, spacing_mm };
}

/** Which slice holds a point, from 0; a fraction where it lies between two. */
export const sliceOf = (point: Vector3, { step: s, first, spacing_mm }: Slices): number =>
  (dot(point, unit(s)) - first) / spacing_mm;

/** The point moved to slice `index`, kept inside the volume. */
export function onSlice(point: Vector3, path: Slices, index: number): Vector3 {
  const target = Math.min(path.count - 1, Math.max(0, index));
  return add(point, scale(path.step, target - sliceOf(point, path)));
}
