/** How thick a picture is and which value along it is shown: a safety item of every picture that can be a slab. */

import type { CurvedView, PlaneView } from "../../stream/messages";
import { words } from "../../words/words";

export function slabText({ thickness_mm, projection = "max" }: PlaneView | CurvedView): string {
  const w = words.value;
  return thickness_mm ? `${w.projections_short[projection]} ${thickness_mm} mm` : w.thin;
}
