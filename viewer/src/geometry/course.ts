/** A smooth curve through the patient as the server traced it: places along it, and which of it lies near a plane. */

import { normal, screenOf, type Size } from "./camera";
import { clamp, combine, cross, dot, length, scale, subtract, unit, type Vector2, type Vector3 } from "./vectors";

/** Points at equal distances, both ends included, with unit vectors along the curve and across it. */
export interface Course {
  length_mm: number;
  points: readonly Vector3[];
  tangents: readonly Vector3[];
  normals: readonly Vector3[];
}

/** A place on a curve. across, beside and tangent are unit vectors at right angles: beside = tangent × across. */
export interface Place {
  point: Vector3;
  tangent: Vector3;
  across: Vector3;
  beside: Vector3;
}

const mixed = (all: readonly Vector3[], i: number, part: number): Vector3 =>
  combine(scale(all[i]!, 1 - part), part, all[Math.min(i + 1, all.length - 1)]!, 0, all[i]!);

/** The place `mm` along a curve, kept on it. */
export function placeAt({ length_mm, points, tangents, normals }: Course, mm: number): Place {
  const at = length_mm > 0 ? (clamp(mm, 0, length_mm) / length_mm) * (points.length - 1) : 0;
  const i = Math.min(Math.floor(at), points.length - 1);
  const tangent = unit(mixed(tangents, i, at - i));
  const loose = mixed(normals, i, at - i);
  const across = unit(subtract(loose, scale(tangent, dot(tangent, loose))));
  return { point: mixed(points, i, at - i), tangent, across, beside: cross(tangent, across) };
}

/** Screen axes of the plane across a curve: one looks along it. */
export const sectionAxes = ({ across, beside }: Place): { right: Vector3; down: Vector3 } => ({ right: across, down: beside });

/** Where a place on the curve is in its straightened picture. */
export function straightened(view: { along_mm: number; across_mm?: number; extent_mm: number }, { width, height }: Size, mm: number): Vector2 {
  const scale_mm = view.extent_mm / Math.min(width, height);
  return [width / 2 - (view.across_mm ?? 0) / scale_mm, height / 2 + (mm - view.along_mm) / scale_mm];
}

interface Plane {
  centre: Vector3;
  right: Vector3;
  down: Vector3;
  extent_mm: number;
}

const ON_MM = 1e-6;
const ALONG = 1 - 1e-5; // cosine between a section's normal and the curve: a quarter of a degree

/** How far along the curve a section across it lies, millimetres, moved in its plane or not; null where it is none of it. */
export function placeOf(course: Course, view: Plane): number | null {
  const { length_mm, points } = course;
  const away = normal(view);
  const depths = points.map((point) => dot(subtract(point, view.centre), away));
  const step = length_mm / Math.max(1, points.length - 1);
  let [found, least]: [number | null, number] = [null, Infinity];
  for (let i = 0; i + 1 < points.length; i += 1) {
    const [before, after] = [depths[i]!, depths[i + 1]!];
    if (before > ON_MM || after < -ON_MM) continue; // one looks along the curve: it comes through from the front
    const part = after > before ? clamp(-before / (after - before), 0, 1) : 0;
    const mm = (i + part) * step;
    const { point, tangent } = placeAt(course, mm);
    const beside = length(subtract(point, view.centre));
    if (dot(tangent, away) < ALONG || beside >= least) continue;
    [found, least] = [mm, beside];
  }
  return found;
}

const line = (points: readonly Vector2[]): string =>
  points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

export const distanceTo = (view: Plane, point: Vector3): number => Math.abs(dot(subtract(point, view.centre), normal(view)));

/**
 * The place of a curve that is under a pixel of a plane, at most `reach` pixels beside it and `near_mm` before or behind
 * the plane, and between which of its control points it comes: it would be number `index` of them. Null where none is.
 */
export function between(
  { points }: Course,
  controls: readonly Vector3[],
  on: { view: Plane; size: Size; pixel: Vector2; reach: number; near_mm: number },
): { index: number; point: Vector3 } | null {
  const nearest = (away: (point: Vector3) => number): number =>
    points.reduce((best, point, i) => (away(point) < away(points[best]!) ? i : best), 0);
  const beside = (point: Vector3): number => {
    const [x, y] = screenOf(on.view, on.size, point);
    return distanceTo(on.view, point) <= on.near_mm ? Math.hypot(x - on.pixel[0], y - on.pixel[1]) : Infinity;
  };
  const at = nearest(beside);
  const point = points[at];
  if (!point || beside(point) > on.reach) return null;
  // The curve goes through its control points in their order, the first and the last of them at its ends.
  const index = controls.slice(1, -1).filter((control) => nearest((one) => length(subtract(one, control))) <= at).length + 1;
  return { index, point };
}

/** The curve on the screen of a plane as SVG paths: all of it, and what lies within `near_mm` of the plane. */
export function pathsOn(view: Plane, size: Size, points: readonly Vector3[], near_mm: number): { all: string; near: string } {
  const places = points.map((point) => screenOf(view, size, point));
  const close = points.map((point) => distanceTo(view, point) <= near_mm);
  const runs: Vector2[][] = [];
  places.forEach((place, i) => {
    if (!close[i]) return;
    if (i && close[i - 1]) runs[runs.length - 1]!.push(place);
    else runs.push([place]);
  });
  return { all: line(places), near: runs.filter((run) => run.length > 1).map(line).join("") };
}
