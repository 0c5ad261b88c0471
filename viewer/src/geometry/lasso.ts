/** What a hand drew around: corners of a closed polygon, in pixels and in millimetres of the plane through the centre. */

import { eyeDistance, millimetresPerPixel, normal, type CameraView, type Lens, type Size } from "./camera";
import { scale, subtract, type Vector2, type Vector3 } from "./vectors";

const apart = (a: Vector2, b: Vector2): number => Math.hypot(a[0] - b[0], a[1] - b[1]);

/** Corners at least `least` apart, and at most `most` of them, evenly chosen. */
export function thinned(points: readonly Vector2[], least: number, most: number): Vector2[] {
  const kept = points.reduce<Vector2[]>((all, point) => {
    const last = all[all.length - 1];
    if (!last || apart(last, point) >= least) all.push(point);
    return all;
  }, []);
  if (kept.length <= most) return kept;
  return Array.from({ length: most }, (_, i) => kept[Math.floor((i * kept.length) / most)]!);
}

/** The area that it holds, square pixels; what crosses itself counts by its winding. */
export function areaOf(corners: readonly Vector2[]): number {
  const twice = corners.reduce((sum, [x, y], i) => {
    const [u, v] = corners[(i + 1) % corners.length]!;
    return sum + x * v - u * y;
  }, 0);
  return Math.abs(twice) / 2;
}

/** Pixels of a picture of this view as millimetres from its centre along right and down. */
export function inPlane(view: CameraView, { width, height }: Size, pixels: readonly Vector2[]): Vector2[] {
  const mm = millimetresPerPixel(view, { width, height });
  return pixels.map(([x, y]) => [(x - width / 2) * mm, (y - height / 2) * mm]);
}

/** Where the rays of a picture begin, patient millimetres; null where they are parallel. As renderd/camera.py has it. */
export function eyeOf(view: Lens): Vector3 | null {
  const away = eyeDistance(view);
  return away ? subtract(view.centre, scale(normal(view), away)) : null;
}
