/**
 * What moving, zooming, turning and flipping do to a view.
 *
 * A view looks at `centre` in the middle of the viewport; `right` and `down` are unit vectors along the screen;
 * `extent_mm` spans the viewport's shorter side. The same functions serve stack views (two numbers, millimetres in
 * the image plane) and plane and volume views (three numbers, patient space). Screen positions are device pixels
 * from the top left corner of the viewport.
 */

import { add, combine, cross, dot, scale, subtract, unit, type Vector, type Vector2, type Vector3 } from "./vectors";

export interface Size {
  width: number;
  height: number;
}

interface Camera {
  centre: Vector;
  right: Vector;
  down: Vector;
  extent_mm: number;
}

export const millimetresPerPixel = (view: { extent_mm: number }, size: Size): number =>
  view.extent_mm / Math.min(size.width, size.height);

/** The point under a screen position, in the view's own space. */
export function pointAt<C extends Camera>(view: C, size: Size, [x, y]: Vector2): C["centre"] {
  const mm = millimetresPerPixel(view, size);
  return combine(view.centre, (x - size.width / 2) * mm, view.right, (y - size.height / 2) * mm, view.down);
}

/** Where a point of the view's space stands on the screen; what lies before or behind the plane is projected. */
export function screenOf<C extends Camera>(view: C, size: Size, point: C["centre"]): Vector2 {
  const mm = millimetresPerPixel(view, size);
  const offset = subtract(point, view.centre as C["centre"]);
  return [dot(offset, view.right) / mm + size.width / 2, dot(offset, view.down) / mm + size.height / 2];
}

/** The picture follows the finger by (dx, dy) pixels. */
export function pan<C extends Camera>(view: C, size: Size, dx: number, dy: number): C {
  const mm = millimetresPerPixel(view, size);
  return { ...view, centre: combine(view.centre, -dx * mm, view.right, -dy * mm, view.down) };
}

/** Magnify by `factor`; what is under `at` stays there. */
export function zoom<C extends Camera>(view: C, size: Size, factor: number, at: Vector2): C {
  const extent_mm = Math.min(5000, Math.max(1, view.extent_mm / factor));
  const held = pointAt(view, size, at);
  const zoomed = { ...view, extent_mm };
  return { ...zoomed, centre: add(view.centre, subtract(held, pointAt(zoomed, size, at))) };
}

/** Turn the picture clockwise on the screen; quarter turns are exact, so that their pixels stay stored pixels. */
export function rotate<C extends Camera>(view: C, degrees: number): C {
  const quarter = degrees % 90 === 0;
  const angle = (degrees * Math.PI) / 180;
  const cos = quarter ? Math.round(Math.cos(angle)) : Math.cos(angle);
  const sin = quarter ? Math.round(Math.sin(angle)) : Math.sin(angle);
  return {
    ...view,
    right: combine(scale(view.right, cos), -sin, view.down, 0, view.down),
    down: combine(scale(view.down, cos), sin, view.right, 0, view.right),
  };
}

/** Mirror the picture left to right or top to bottom about the middle of the viewport. */
export function flip<C extends Camera>(view: C, way: "horizontal" | "vertical"): C {
  return way === "horizontal" ? { ...view, right: scale(view.right, -1) } : { ...view, down: scale(view.down, -1) };
}

/** Centre and zoom so that all `corners` are inside the viewport; the depth of the plane stays. */
export function fit<C extends Camera>(view: C, size: Size, corners: C["centre"][]): C {
  const across = corners.map((corner) => dot(subtract(corner, view.centre as C["centre"]), view.right));
  const downward = corners.map((corner) => dot(subtract(corner, view.centre as C["centre"]), view.down));
  const [left, right] = [Math.min(...across), Math.max(...across)];
  const [top, bottom] = [Math.min(...downward), Math.max(...downward)];
  const mm = Math.max((right - left) / size.width, (bottom - top) / size.height);
  return {
    ...view,
    centre: combine(view.centre, (left + right) / 2, view.right, (top + bottom) / 2, view.down),
    extent_mm: mm * Math.min(size.width, size.height),
  };
}

/** Into the screen, away from the viewer. */
export const normal = (view: { right: Vector3; down: Vector3 }): Vector3 => unit(cross(view.right, view.down));

/** How far a point lies along the patient's axis that a normal is nearest to. */
export function depthOf(point: Vector3, away: Vector3): number {
  const sizes = away.map(Math.abs);
  return dot(point, away) * Math.sign(away[sizes.indexOf(Math.max(...sizes))]!);
}

/** The same picture plane, moved along its normal until it holds `point`. */
export function through<C extends { centre: Vector3; right: Vector3; down: Vector3 }>(view: C, point: Vector3): C {
  const away = normal(view);
  const depth = dot(subtract(point, view.centre), away);
  return depth === 0 ? view : { ...view, centre: combine(view.centre, depth, away, 0, away) };
}
