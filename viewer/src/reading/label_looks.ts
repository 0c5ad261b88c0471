/** How labels look at first and now, what a threshold may hold, and what volumes they have; nothing here changes any. */

import { clamp } from "../geometry/vectors";
import type { Edited, LabelStyle, Threshold } from "../stream/messages";
import type { Styles } from "./labelmaps";

/** What a scalpel cuts away: hidden, and no tissue. */
export const CUT = 255;
/** Voxels without a label. */
export const NONE = 0;
export const MOST_LABELS = 30; // styles that a view may carry, but for those two

const COLOURS = ["#ff4d4d", "#4da3ff", "#5be07a", "#ffd84a", "#c77dff", "#ff9f43", "#2dd4bf", "#ff7ab6"];

/** Labels of tissue that have a style, in their order. */
export const tissues = (styles: Styles): LabelStyle[] =>
  styles.filter(({ label }) => label !== NONE && label !== CUT).sort((a, b) => a.label - b.label);

export const styleOf = (styles: Styles, label: number): LabelStyle | undefined => styles.find((one) => one.label === label);

/** A value as the stream takes it, whatever was typed. */
export const sane = (value: number): number => clamp(value, -1e9, 1e9);

export const thresholdOf = (a: number, b: number, label: number): Threshold => ({
  kind: "threshold",
  low: sane(Math.min(a, b)),
  high: sane(Math.max(a, b)),
  label,
});

/** The next label that nobody uses, as it looks at first; null where there are too many. */
export function nextStyle(styles: Styles): LabelStyle | null {
  const label = tissues(styles).reduce((most, one) => Math.max(most, one.label), 0) + 1;
  if (tissues(styles).length >= MOST_LABELS || label >= CUT) return null;
  return { label, shown: true, colour: COLOURS[(label - 1) % COLOURS.length]!, tint: 0.5, outline: false };
}

export const CUT_AWAY: LabelStyle = { label: CUT, shown: false, colour: "#808080", tint: 0, outline: false };

/** Whether nothing but this label is shown. */
export const isOnly = (styles: Styles, label: number): boolean =>
  styleOf(styles, NONE)?.shown === false && tissues(styles).every((one) => (one.shown ?? true) === (one.label === label));

/** How many millilitres a label has; null where it is not known. */
export function millilitres(answer: Edited | null, label: number): number | null {
  if (!answer || answer.voxel_mm3 === null) return null; // slices that lie unevenly have no one size of voxel
  const voxels = answer.counts.find(([one]) => one === label)?.[1] ?? 0;
  return (voxels * answer.voxel_mm3) / 1000;
}

/** How many millilitres the edit itself has changed. */
export const changedMillilitres = ({ changed, voxel_mm3 }: Edited): number | null =>
  voxel_mm3 === null ? null : (changed * voxel_mm3) / 1000;

/** Volumes as they are read: three digits, and no more than a voxel tells. */
export const volumeText = (ml: number | null): string =>
  ml === null ? "? mL" : `${ml >= 100 ? ml.toFixed(0) : ml >= 10 ? ml.toFixed(1) : ml.toFixed(2)} mL`;
