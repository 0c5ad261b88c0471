/**
 * Labelmaps: the edits that make them, one after the other, and how the pictures of a stack wear them.
 *
 * The server makes labelmap n from its base by a change. The page keeps the whole chain and tells it again after a cut
 * of the line; undo shows the older labelmap and a new edit then starts from that. A picture goes over to a labelmap
 * only when the server has it, so that it never goes blank.
 */

import { batch, computed, effect, signal } from "@preact/signals";
import type { StackInfo } from "../api/messages";
import type { Connection } from "../stream/connection";
import type { Edit, Edited, LabelStyle } from "../stream/messages";
import type { Desk } from "./desk";
import { CUT, NONE, styleOf, tissues } from "./label_looks";
import { labelled, type LabelMaps, type Styles } from "./labelmaps";

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

/** How a label looks; one that has no style yet gets it. */
export function setStyle(desk: Desk, label: number, change: Partial<LabelStyle>, moving: boolean): void {
  const styles = stylesHere(desk);
  const now = styleOf(styles, label) ?? { label, shown: true, colour: "#000000", tint: 0, outline: false };
  restyle(desk, [...styles.filter((one) => one.label !== label), { ...now, ...change }], moving);
}

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
