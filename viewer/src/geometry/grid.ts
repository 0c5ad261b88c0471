/** A Volume's grid in the patient: its axes, its box, and the three planes a reader expects of it. */

import type { Geometry } from "../api/messages";
import { lastPlace, nearestSlice, placeOfSlice, sliceNormal, stepAcross } from "./places";
import { add, cross, dot, length, scale, subtract, unit, type Vector3 } from "./vectors";

export type Plane = "axial" | "coronal" | "sagittal";
export const PLANES: readonly Plane[] = ["axial", "coronal", "sagittal"];

/** Index (x, y, place) to patient millimetres; whole x and y are voxel centres, places.ts says where slices lie. */
export function toPatient(geometry: Geometry, [x, y, place]: Vector3): Vector3 {
  const m = geometry.affine;
  const row = (r: number): number => m[r]! * x + m[r + 1]! * y + m[r + 2]! * place + m[r + 3]!;
  return [row(0), row(4), row(8)];
}

/** One step along index axis 0 (x), 1 (y) or 2 (place), in patient millimetres. */
export const step = ({ affine: m }: Geometry, axis: number): Vector3 => [m[axis]!, m[4 + axis]!, m[8 + axis]!];

/** The index point of the last voxel centre; the first is 0, 0, 0. */
const last = (geometry: Geometry): Vector3 => [geometry.shape[2] - 1, geometry.shape[1] - 1, lastPlace(geometry)];

export const centre = (geometry: Geometry): Vector3 => toPatient(geometry, scale(last(geometry), 0.5));

/** The box around all voxels, half a voxel beyond the outermost centres. */
export function corners(geometry: Geometry): Vector3[] {
  const [x1, y1, z1] = last(geometry);
  return [-0.5, x1 + 0.5].flatMap((x) =>
    [-0.5, y1 + 0.5].flatMap((y) => [-0.5, z1 + 0.5].map((z) => toPatient(geometry, [x, y, z]))),
  );
}

/** A patient point as index (x, y, place), with fractions. */
export function toIndex(geometry: Geometry, point: Vector3): Vector3 {
  const [a, b, c] = [step(geometry, 0), step(geometry, 1), step(geometry, 2)];
  const away = subtract(point, toPatient(geometry, [0, 0, 0]));
  const volume = dot(a, cross(b, c)); // Cramer's rule; nothing here may assume that the grid is right-handed
  return [dot(away, cross(b, c)) / volume, dot(a, cross(away, c)) / volume, dot(a, cross(b, away)) / volume];
}

/** The point, or the nearest one (along the grid's axes) between the outermost voxel centres. */
export function inside(geometry: Geometry, point: Vector3): Vector3 {
  const index = toIndex(geometry, point);
  const held = last(geometry).map((end, i) => Math.min(end, Math.max(0, index[i]!))) as Vector3;
  return held.every((value, i) => value === index[i]) ? point : toPatient(geometry, held);
}

/** The stored frame next to a patient point. */
export const frameAt = (geometry: Geometry, point: Vector3): number =>
  nearestSlice(geometry, toIndex(geometry, point)[2]);

/** A point moved along the third axis to where frame `frame` was stored. */
export function toFrame(geometry: Geometry, point: Vector3, frame: number): Vector3 {
  const [x, y] = toIndex(geometry, point);
  return toPatient(geometry, [x, y, placeOfSlice(geometry, frame)]);
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

/** Whether a plane no longer lies as its name says. */
export function isOblique(geometry: Geometry, plane: Plane, view: { right: Vector3; down: Vector3 }): boolean {
  const { right, down } = screenAxes(geometry)[plane];
  return Math.abs(dot(cross(right, down), cross(view.right, view.down))) < 0.99999; // a quarter of a degree
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
  /** The unit vector along which the slices follow each other. */
  direction: Vector3;
  /** Where each slice lies along `direction`, rising, where they are not evenly spaced; null: `spacing_mm` apart. */
  stops: number[] | null;
  /** Where the first slice lies along `direction`. */
  first: number;
  count: number;
  spacing_mm: number;
}

const PARALLEL = 1 - 1e-6; // of two unit vectors: a twelfth of a degree

/**
 * How a plane with this normal is scrolled: along the normal, over the whole volume.
 *
 * A plane that lies in the stored slices goes from one stored slice to the next, however far that is; another one goes
 * one voxel a step. The next slice is toward the back and the patient's left; across the stored frames it is the next
 * frame, so that the axial plane and the stack scroll the same way. It does not depend on flips.
 */
export function slices(geometry: Geometry, normal: Vector3): Slices {
  const steps = [0, 1, 2].map((axis) => step(geometry, axis));
  const along = steps.map((s) => Math.abs(dot(unit(s), normal)));
  const axis = along.indexOf(Math.max(...along));
  const stored = Math.abs(dot(sliceNormal(geometry), normal)) > PARALLEL;
  const toward: Vector3 = axis === 2 || stored ? unit(steps[2]!) : [1, 1, -1];
  const direction = scale(normal, dot(normal, toward) < 0 ? -1 : 1);
  const spacing_mm = stored ? stepAcross(geometry) : length(steps[axis]!);
  const [x1, y1, z1] = last(geometry);
  const place = (index: Vector3): number => dot(toPatient(geometry, index), direction);
  if (stored && geometry.places) {
    const stops = geometry.places.map((at) => place([0, 0, at]));
    return { direction, stops, first: stops[0]!, count: stops.length, spacing_mm };
  }
  const ends = [0, x1].flatMap((x) => [0, y1].flatMap((y) => [0, z1].map((z) => place([x, y, z]))));
  const first = Math.min(...ends);
  const count = Math.floor((Math.max(...ends) - first) / spacing_mm + 1e-6) + 1;
  return { direction, stops: null, first, count, spacing_mm };
}

/** Which slice holds a point, from 0; a fraction where it lies between two. */
export function sliceOf(point: Vector3, { direction, stops, first, spacing_mm }: Slices): number {
  const at = dot(point, direction);
  if (!stops) return (at - first) / spacing_mm;
  const above = stops.findIndex((stop) => stop > at);
  if (above === 0) return (at - first) / spacing_mm;
  const below = above < 0 ? stops.length - 1 : above - 1;
  const gap = above < 0 ? spacing_mm : stops[above]! - stops[below]!;
  return below + (at - stops[below]!) / gap;
}

/** The point moved to slice `index`, kept inside the volume. */
export function onSlice(point: Vector3, path: Slices, index: number): Vector3 {
  const target = Math.min(path.count - 1, Math.max(0, index));
  const to = path.stops ? path.stops[Math.round(target)]! : path.first + target * path.spacing_mm;
  return add(point, scale(path.direction, to - dot(point, path.direction)));
}
