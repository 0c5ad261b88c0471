/**
 * How patient points come onto the screen of a volume rendering: by parallel rays, or in perspective from an eye.
 *
 * As renderd/camera.py has it: the eye stands before the centre, so far away that `extent_mm` spans the opening angle
 * there. Screen positions are device pixels.
 */

import { eyeDistance, normal, screenOf, type Lens, type Size } from "./camera";
import { add, dot, scale, subtract, unit, type Vector2, type Vector3 } from "./vectors";

/** Points closer to the eye than this part of its distance from the centre are not drawn. */
const NEAREST = 0.02;

/** How far a point is before the eye, in distances from the eye to the centre; 1 for parallel rays. */
function depth(view: Lens, point: Vector3): number {
  const away = eyeDistance(view);
  return away ? 1 + dot(subtract(point, view.centre), normal(view)) / away : 1;
}

/** Where a point stands on the screen; null beside and behind the eye. */
export function project(view: Lens, size: Size, point: Vector3): Vector2 | null {
  const far = depth(view, point);
  if (far < NEAREST) return null;
  const [x, y] = screenOf(view, size, point);
  const [u, v] = [size.width / 2, size.height / 2];
  return [u + (x - u) / far, v + (y - v) / far];
}

/** The part of a line between two points that is before the eye, on the screen; null where there is none. */
export function projectLine(view: Lens, size: Size, a: Vector3, b: Vector3): [Vector2, Vector2] | null {
  const [from, to] = [depth(view, a), depth(view, b)];
  if (Math.max(from, to) < NEAREST) return null;
  // A little beyond, so that rounding leaves it on this side.
  const part = (NEAREST * (1 + 1e-6) - from) / (to - from);
  const cut = (): Vector3 => add(a, scale(subtract(b, a), part));
  return [project(view, size, from < NEAREST ? cut() : a)!, project(view, size, to < NEAREST ? cut() : b)!];
}

/**
 * How far a face with this outward normal through `point` turns away from the viewer: the cosine between the normal and
 * the way one looks at it. Below 0 its outside is seen.
 */
export function turnedAway(view: Lens, point: Vector3, outward: Vector3): number {
  const away = eyeDistance(view);
  const into = normal(view);
  return dot(away ? unit(add(subtract(point, view.centre), scale(into, away))) : into, outward);
}
