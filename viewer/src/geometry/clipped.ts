/** Whether a volume is shown in part: a reader must know it even where the rest of the page cannot be fetched. */

import type { Geometry } from "../api/messages";
import type { VolumeView } from "../stream/messages";
import { corners } from "./grid";
import { dot, subtract } from "./vectors";

const LEAST_MM = 0.5; // less is a rounding

/** Whether a corner of the volume is cut away: where all eight are kept, everything is. */
export const isClipped = (geometry: Geometry, { clip_box: box, clip_planes = [] }: VolumeView): boolean =>
  corners(geometry).some(
    (corner) =>
      clip_planes.some(([a, b, c, d]) => dot(corner, [a, b, c]) < d - LEAST_MM) ||
      box?.axes.some((axis, i) => Math.abs(dot(subtract(corner, box.centre), axis)) > box.half_mm[i]! + LEAST_MM),
  );
