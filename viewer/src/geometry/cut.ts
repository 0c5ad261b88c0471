/** A plane that cuts a volume rendering open: how deep it stands below the volume's nearest corner. */

import { normal } from "./camera";
import { dot, type Vector3 } from "./vectors";

/** (a, b, c, d): what is kept has a·x + b·y + c·z ≥ d. */
export type Cut = [number, number, number, number];

const ends = (away: Vector3, corners: readonly Vector3[]): [number, number] => {
  const places = corners.map((corner) => dot(corner, away));
  return [Math.min(...places), Math.max(...places)];
};

/** Across the viewing direction, `depth_mm` beyond the corner that is the nearest to the viewer. */
export function cutAt(view: { right: Vector3; down: Vector3 }, corners: readonly Vector3[], depth_mm: number): Cut {
  const away = normal(view);
  return [...away, ends(away, corners)[0] + depth_mm];
}

export const depthOfCut = ([a, b, c, d]: Cut, corners: readonly Vector3[]): number => d - ends([a, b, c], corners)[0];

/** How deep the volume is along the viewing direction, millimetres. */
export function depthOfVolume(view: { right: Vector3; down: Vector3 }, corners: readonly Vector3[]): number {
  const [near, far] = ends(normal(view), corners);
  return far - near;
}
