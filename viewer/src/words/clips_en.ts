/** English for what of a volume is rendered. */

import type { ClipWords } from "./clips";

export const en: ClipWords = {
  title: "Clipping and perspective",
  box: "Clip box",
  handles: "Handles",
  all: "Show all",
  face: (side) => `Clip box, ${side.toLowerCase()}`,
  away: (mm) => `${mm} mm cut away`,
  depth: "Cut depth",
  again: "Another cut",
  projection: "Projection",
  parallel: "Parallel",
  rays_are_parallel: "The rays of a projection are parallel.",
  angle: "Angle",
};
