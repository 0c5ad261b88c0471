/**
 * Where the slices of a Volume lie along its third axis, and what is missing between them.
 *
 * A place counts steps of the affine's third column. Slice z lies at place z, or where `places[z]` says; an uneven
 * stack is piecewise linear between its stored slices. In a hole images are missing: nothing is shown or measured.
 */

import type { Geometry } from "../api/messages";
import { cross, dot, length, unit, type Vector3 } from "./vectors";

/** How close to a slice, in steps, a place counts as on it; as the kernels have it. */
const ON_SLICE = 1e-3;

/** `y` at `x` on the line through (xs, ys), xs rising; the ends continue outside. */
function interpolated(x: number, xs: (i: number) => number, ys: (i: number) => number, count: number): number {
  let [low, high] = [0, count - 1];
  if (high < 1) return ys(0) + (x - xs(0));
  while (high - low > 1) {
    const half = (low + high) >> 1;
    if (xs(half) <= x) low = half;
    else high = half;
  }
  const part = (x - xs(low)) / (xs(high) - xs(low));
  return ys(low) + part * (ys(high) - ys(low));
}

const same = (i: number): number => i;

/** The place of slice `z`; of a fraction between two slices its share of the way. */
export function placeOfSlice({ places, shape }: Geometry, z: number): number {
  return places ? interpolated(z, same, (i) => places[i]!, shape[0]) : z;
}

/** The slice at a place, as a fraction between two. */
export function sliceAtPlace({ places, shape }: Geometry, place: number): number {
  return places ? interpolated(place, (i) => places[i]!, same, shape[0]) : place;
}

/** The stored slice next to a place, by distance. */
export function nearestSlice(geometry: Geometry, place: number): number {
  const last = geometry.shape[0] - 1;
  const below = Math.min(last, Math.max(0, Math.floor(sliceAtPlace(geometry, place))));
  const above = Math.min(last, below + 1);
  const [a, b] = [placeOfSlice(geometry, below), placeOfSlice(geometry, above)];
  return b - place < place - a ? above : below;
}

export const lastPlace = (geometry: Geometry): number => placeOfSlice(geometry, geometry.shape[0] - 1);

/** The number of the hole (of the slice before it) that a place stands in; null on and between stored slices. */
export function holeAt(geometry: Geometry, place: number): number | null {
  const found = geometry.holes.find(
    (k) => place > placeOfSlice(geometry, k) + ON_SLICE && place < placeOfSlice(geometry, k + 1) - ON_SLICE,
  );
  return found ?? null;
}

const column = ({ affine: m }: Geometry, axis: number): Vector3 => [m[axis]!, m[4 + axis]!, m[8 + axis]!];

/** The unit normal of the stored slices, toward the next one. */
export function sliceNormal(geometry: Geometry): Vector3 {
  const normal = unit(cross(column(geometry, 0), column(geometry, 1)));
  return dot(normal, column(geometry, 2)) < 0 ? (normal.map((part) => -part) as Vector3) : normal;
}

/** How far one step of the third column is across the slices, millimetres; less than its length where it is sheared. */
export const stepAcross = (geometry: Geometry): number => dot(sliceNormal(geometry), column(geometry, 2));

/** By how many degrees the slices lean against the way from one to the next. */
export function tiltDegrees(geometry: Geometry): number {
  const part = stepAcross(geometry) / length(column(geometry, 2));
  return (Math.acos(Math.min(1, part)) * 180) / Math.PI;
}

/** The smallest and the largest distance between neighbouring slices, millimetres; gaps that are holes do not count. */
export function spacings(geometry: Geometry): [number, number] {
  const across = stepAcross(geometry);
  const all = Array.from({ length: geometry.shape[0] - 1 }, (_, k) => k)
    .filter((k) => !geometry.holes.includes(k))
    .map((k) => (placeOfSlice(geometry, k + 1) - placeOfSlice(geometry, k)) * across);
  return all.length ? [Math.min(...all), Math.max(...all)] : [across, across];
}

export interface Hole {
  /** The slice before it. */
  after: number;
  /** How many slices of the usual spacing would fill it. */
  missing: number;
  /** The places of the stored slices on its two sides. */
  from: number;
  to: number;
}

export const holes = (geometry: Geometry): Hole[] =>
  geometry.holes.map((after) => {
    const [from, to] = [placeOfSlice(geometry, after), placeOfSlice(geometry, after + 1)];
    return { after, missing: Math.max(1, Math.round(to - from) - 1), from, to };
  });

export const missingSlices = (geometry: Geometry): number =>
  holes(geometry).reduce((sum, { missing }) => sum + missing, 0);
