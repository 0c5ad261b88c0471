/** What may be said about the picture on the screen. This is a safety item: it never says more than was checked. */

import type { View } from "../stream/messages";
import type { Drawn } from "../stream/screen";

export interface Quality {
  tone: "good" | "plain" | "bad";
  /** Keys of the dictionary, or "LOSSLESS ✓", which is the same in every language. */
  words: ("LOSSLESS ✓" | "preview" | "interpolated" | "original" | "covered" | "filtered" | "processed" | "unverified" | "mismatch" | "scaled")[];
}

/**
 * "LOSSLESS ✓" only for a final frame whose drawn pixels have the server's digest and are the canvas' pixels one to
 * one. "original pixels" only for a stack frame in which every pixel is a stored one: none interpolated, none under an
 * overlay or a shutter, none changed by a filter.
 */
export function quality(frame: Drawn, view: View, oneToOne: boolean): Quality {
  const resampled = frame.interpolated || view.kind !== "stack" || !oneToOne;
  // What was done to the picture stands here, in the first part of the page, whether or not the details have been fetched.
  const processed = ("labels" in view && view.labels) || ("fusion" in view && view.fusion);
  const covered = [
    ...(view.filter ? (["filtered"] as const) : []),
    ...(processed ? (["processed"] as const) : []),
    ...(frame.covered ? (["covered"] as const) : []),
  ];
  if (!frame.final) return { tone: "plain", words: ["preview", ...(resampled ? (["interpolated"] as const) : []), ...covered] };
  if (frame.verified === false) return { tone: "bad", words: ["mismatch"] };
  if (!oneToOne) return { tone: "plain", words: ["scaled", "interpolated", ...covered] };
  if (frame.verified === null) return { tone: "plain", words: ["unverified", ...covered] };
  if (resampled) return { tone: "good", words: ["LOSSLESS ✓", "interpolated", ...covered] };
  return { tone: "good", words: ["LOSSLESS ✓", ...(covered.length ? covered : (["original"] as const))] };
}
