/**
 * Labelmaps: the edits that make them, one after the other, and how labels look.
 *
 * The server makes labelmap n from its base by a change. The page keeps the whole chain and tells it again after a cut
 * of the line; undo shows the older labelmap and a new edit then starts from that. A picture goes over to a labelmap
 * only when the server has it, so that it never goes blank.
 */

import { batch, computed, effect, signal } from "@preact/signals";
import type { StackInfo } from "../api/messages";
import { clamp } from "../geometry/vectors";
import type { Connection } from "../stream/connection";
import type { Edit, Edited, LabelStyle, Threshold } from "../stream/messages";
import type { Desk } from "./desk";
import { labelled, type LabelMaps, type Styles } from "./labelmaps";

/** What a scalpel cuts away: hidden, and no tissue. */
export const CUT = 255;
/** Voxels without a label. */
export const NONE = 0;
export const MOST_LABELS = 30; // styles that a view may carry, but for those two

const COLOURS = ["#ff4d4d", "#4da3ff", "#5be07a", "#ffd84a", "#c77dff", "#ff9f43", "#2dd4bf", "#ff7ab6"];
const AGAIN_MS = 2000;

let newest = 0;
/** The labelmap that is being made; 0: none. */
const making = signal(0);
const told = signal<Readonly<Record<number, Edited>>>({});
const waiting = new Map<number, (answer: Edited | null) => void>();
const watched = new WeakSet<Desk>();

/** Whether an edit is under way, and no other can be begun. */
export const isBusy = ({ connection }: Desk): boolean => connection.edits.some(({ n }) => n === making.value);
export const busy = computed(() => making.value !== 0);

function hear(connection: Connection): void {
  connection.hear.edited = (answer) => {
    if (!connection.edits.some(({ n }) => n === answer.n)) return; // of a study that was closed
    told.value = { ...told.peek(), [answer.n]: answer };
    resolve(answer.n, answer);
  };
  connection.misread = () => forgetUnanswered(connection);
}

/** One edit that the server cannot read would close every line on which it is told again. */
function forgetUnanswered(connection: Connection): void {
  connection.edits = connection.edits.filter(({ n }) => !waiting.has(n));
  for (const n of [...waiting.keys()]) resolve(n, null);
}

function resolve(n: number, answer: Edited | null): void {
  if (making.peek() === n) making.value = 0;
  waiting.get(n)?.(answer);
  waiting.delete(n);
}

/** The study is closed: whoever waits for an edit is told that there will be none. */
function drop(): void {
  for (const n of [...waiting.keys()]) resolve(n, null);
  told.value = {};
}

/** A server that has forgotten a labelmap is told all edits again, but not in a circle. */
function watch(desk: Desk): void {
  if (watched.has(desk)) return;
  watched.add(desk);
  desk.closing.add(drop);
  hear(desk.connection);
  let last = -Infinity;
  for (const viewport of Object.values(desk.viewports)) {
    effect(() => {
      if (viewport.trouble.value?.code !== "labels_unknown" || performance.now() - last < AGAIN_MS) return;
      last = performance.now();
      desk.connection.again();
    });
  }
}

/** How labels look in the open stack. */
export const stylesHere = ({ labels, stack }: Desk): Styles => labels.value.styles[stack.value?.digest ?? ""] ?? [];

/** The same styles for all stacks of a set. */
const worn = (maps: LabelMaps, set: readonly StackInfo[], styles: Styles): LabelMaps => ({
  ...maps,
  styles: { ...maps.styles, ...Object.fromEntries(set.map(({ digest }) => [digest, styles])) },
});

/** Let the labels of the open stack, and of its set, look like this. */
const restyle = (desk: Desk, styles: Styles, moving: boolean): void =>
  dress(desk, worn(desk.labels.peek(), desk.phases.peek(), styles), moving);

/** Show these labelmaps and styles in every picture of their stacks. */
function dress(desk: Desk, maps: LabelMaps, moving: boolean): void {
  batch(() => {
    desk.labels.value = maps;
    for (const viewport of Object.values(desk.viewports)) {
      const view = viewport.view.peek();
      if (view && (view.kind === "plane" || view.kind === "volume")) viewport.set(labelled(view, maps), moving);
    }
  });
}

/**
 * Change the labels of the open stack. The answer is there when the pictures have gone over to it; null where they
 * have not and will not: another edit is under way, the stack is no volume, what it was made from was taken back
 * meanwhile; and where the reader has gone on to other images. An answer that changes nothing leaves no step.
 */
export async function edit(desk: Desk, change: Edit["change"], style: LabelStyle): Promise<Edited | null> {
  const [series, stack] = [desk.series.peek(), desk.stack.peek()];
  if (!series || !stack?.volume || isBusy(desk)) return null;
  watch(desk);
  const { connection } = desk;
  const { digest } = stack;
  const set = desk.phases.peek();
  const base = desk.labels.peek().shown[digest] ?? null;
  newest += 1;
  const n = newest;
  const wish = new Promise<Edited | null>((wake) => waiting.set(n, wake));
  connection.edit({ t: "edit", n, series: series.id, stack: digest, base, change });
  making.value = n;
  const answer = await wish;
  if (!answer) return null;
  const here = desk.stack.peek()?.digest === digest;
  if (answer.code || answer.changed === 0) {
    connection.edits = connection.edits.filter((one) => one.n !== n);
    return here ? answer : null;
  }
  const maps = desk.labels.peek();
  if ((maps.shown[digest] ?? null) !== base) return null;
  const before = maps.styles[digest] ?? [];
  const styles = styleOf(before, style.label) ? before : [...before, style];
  dress(desk, worn({ ...maps, shown: { ...maps.shown, [digest]: n } }, set, styles), false);
  return here ? answer : null;
}

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

/** How a label looks; one that has no style yet gets it. */
export function setStyle(desk: Desk, label: number, change: Partial<LabelStyle>, moving: boolean): void {
  const styles = stylesHere(desk);
  const now = styleOf(styles, label) ?? { label, shown: true, colour: "#000000", tint: 0, outline: false };
  restyle(desk, [...styles.filter((one) => one.label !== label), { ...now, ...change }], moving);
}

/** Whether nothing but this label is shown. */
export const isOnly = (styles: Styles, label: number): boolean =>
  styleOf(styles, NONE)?.shown === false && tissues(styles).every((one) => (one.shown ?? true) === (one.label === label));

/** Show this label alone; or, with null, everything that was not cut away. */
export function showOnly(desk: Desk, label: number | null): void {
  const styles = stylesHere(desk);
  const rest = styleOf(styles, NONE) ?? { label: NONE, colour: "#000000", tint: 0, outline: false };
  const own = tissues(styles).map((one) => ({ ...one, shown: label === null || one.label === label }));
  const cut = styleOf(styles, CUT);
  restyle(desk, [...own, { ...rest, shown: label === null }, ...(cut ? [cut] : [])], false);
}

/** What the server said of a labelmap; null until it has. */
export const toldOf = (n: number): Edited | null => told.value[n] ?? null;

/** And of the one that the open stack shows; null where it shows none. */
export function shownAnswer(desk: Desk): Edited | null {
  const n = desk.labels.value.shown[desk.stack.value?.digest ?? ""];
  return n === undefined ? null : toldOf(n);
}

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
