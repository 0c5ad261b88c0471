/**
 * What moving, zooming, turning and flipping do to a view.
 *
 * A view looks at `centre` in the middle of the viewport; `right` and `down` are unit vectors along the screen;
 * `extent_mm` spans the viewport's shorter side. The same functions serve stack views (two numbers, millimetres in
 * the image plane) and plane and volume views (three numbers, patient space). Screen positions are device pixels
 * from the top left corner of the viewport.
 */

import type { CurvedView, PlaneView, StackView, View, VolumeView } from "../stream/messages";
import { add, combine, cross, dot, scale, subtract, unit, type Vector, type Vector2, type Vector3 } from "./vectors";

export interface Size {
  width: number;
  height: number;
}

export interface Camera {
  centre: Vector;
  right: Vector;
  down: Vector;
  extent_mm: number;
  /** Of a volume rendering in perspective: its opening angle over the viewport's shorter side, degrees. */
  perspective?: number | null;
  /** A projection's rays are parallel whatever its perspective says. */
  projection?: string | null;
}

/** A view that looks at a centre along right and down. A curved picture has none: its rows are lines of their own. */
export type CameraView = StackView | PlaneView | VolumeView;

/**
 * A view framed otherwise, by what pans, zooms or fits a camera. A curved picture is flat: its centre is
 * (across_mm, along_mm), and it lies upright.
 */
export function framed<V extends View>(view: V, by: <C extends Camera>(camera: C) => C): V {
  if (view.kind !== "curved") return by(view as CameraView) as V;
  const { across_mm, along_mm, extent_mm } = view as CurvedView;
  const { centre, ...to } = by({ centre: [across_mm ?? 0, along_mm], right: [1, 0], down: [0, 1], extent_mm });
  return { ...view, across_mm: centre[0], along_mm: centre[1], extent_mm: to.extent_mm };
}

/** The camera of a volume rendering. */
export interface Lens extends Camera {
  centre: Vector3;
  right: Vector3;
  down: Vector3;
}

/** Half the extent over the distance of the eye; 0 where rays are parallel. */
const slope = (view: Camera): number => (view.projection ? 0 : Math.tan(((view.perspective ?? 0) * Math.PI) / 360));

/** How far the eye is before the centre, millimetres; 0 where rays are parallel. */
export const eyeDistance = (view: Camera): number => (slope(view) ? view.extent_mm / 2 / slope(view) : 0);

export const millimetresPerPixel = (view: { extent_mm: number }, size: Size): number =>
  view.extent_mm / Math.min(size.width, size.height);

/** So close to the centre, by what it spans there, the eye takes it along. */
const LEAST_BEFORE_EYE_MM = 20;

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

/**
 * Magnify by `factor`; what is under `at` stays there. In perspective the eye comes closer; it takes the centre along
 * before it would stand on it, so that one can go on through the body.
 */
export function zoom<C extends Camera>(view: C, size: Size, factor: number, at: Vector2): C {
  const opening = slope(view);
  const wanted = view.extent_mm / factor;
  const extent_mm = Math.min(5000, Math.max(opening ? LEAST_BEFORE_EYE_MM : 1, wanted));
  const held = pointAt(view, size, at);
  const zoomed = { ...view, extent_mm };
  const centre = add(view.centre, subtract(held, pointAt(zoomed, size, at)));
  const lens = view as unknown as Lens;
  if (!opening || wanted >= extent_mm) return { ...zoomed, centre };
  return { ...zoomed, centre: add(centre as Vector3, scale(normal(lens), (extent_mm - wanted) / 2 / opening)) };
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

/** Centre and zoom so that all `corners` are inside the viewport; the depth of a plane stays. */
export function fit<C extends Camera>(view: C, size: Size, corners: C["centre"][]): C {
  const along = (axis: C["centre"]): number[] => corners.map((corner) => dot(subtract(corner, view.centre as C["centre"]), axis));
  const middle = (places: number[]): number => (Math.min(...places) + Math.max(...places)) / 2;
  const [across, downward] = [along(view.right), along(view.down)];
  const [x, y] = [middle(across), middle(downward)];
  const short = Math.min(size.width, size.height);
  const centre = combine(view.centre, x, view.right, y, view.down);
  const opening = slope(view);
  const into = opening ? normal(view as unknown as Lens) : null;
  const depths = into ? along(into) : null;
  const z = depths ? middle(depths) : 0;
  // What lies before the centre is seen larger, by as much as the eye is closer to it.
  const spans = corners.map((_, i) => {
    const half = Math.max(Math.abs(across[i]! - x) / size.width, Math.abs(downward[i]! - y) / size.height);
    return 2 * (half * short - (depths ? opening * (depths[i]! - z) : 0));
  });
  return { ...view, centre: into ? add(centre as Vector3, scale(into, z)) : centre, extent_mm: Math.max(...spans) };
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
