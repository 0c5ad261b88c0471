/** English for the menu of a picture. */

import type { MenuWords } from "./menu";

export const en: MenuWords = {
  actions: "Actions",
  mpr_here: "MPR here",
  cross_here: "Crosshair here",
  turn_here: "Turn about this point",
  slab_mip: "Slab MIP 20 mm",
  corner_texts: "Corner texts",
  maximise_this: "Maximise this one",
};
