/**
 * Which labelmap each stack shows, and how its labels look: of the desk, not of one view, so that all pictures of a
 * stack agree and a step of the history takes them back together. What makes labelmaps is in labels.ts.
 */

import type { Labels, LabelStyle } from "../stream/messages";
import type { View } from "../stream/messages";

export interface LabelMaps {
  /** By a stack's digest, the number of the edit that left its labelmap. */
  readonly shown: Readonly<Record<string, number>>;
  /** By digest too; the phases of a 4-D set have the same. Another series' labels are others, whatever their number. */
  readonly styles: Readonly<Record<string, Styles>>;
}

export type Styles = readonly LabelStyle[];

export const NO_LABELS: LabelMaps = { shown: {}, styles: {} };

export function labelsOf({ shown, styles }: LabelMaps, stack: string): Labels | null {
  const n = shown[stack];
  return n === undefined ? null : { n, styles: [...(styles[stack] ?? [])] };
}

/** The view with the labels of its own stack. */
export function labelled<V extends View>(view: V, maps: LabelMaps): V {
  if (view.kind !== "plane" && view.kind !== "volume") return view;
  const labels = labelsOf(maps, view.stack);
  return labels || view.labels ? { ...view, labels } : view;
}
