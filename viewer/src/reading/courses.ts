/** Curves through the patient: their control points, and where the server says that they run. */

import { signal } from "@preact/signals";
import type { Course } from "../geometry/course";
import type { Vector3 } from "../geometry/vectors";
import { inTurn } from "../stream/in_turn";
import type { Traced } from "../stream/messages";
import type { Desk } from "./desk";

export interface Curve {
  id: number;
  /** "" until a reader gives it a name: it is then called by its number. */
  name: string;
  points: readonly Vector3[];
  /** The patient space that its millimetres are of. */
  space: string;
  /**
   * What the server has traced last, and through which points: while it is asked of others those are not the curve's.
   * No course: no curve runs through them.
   */
  traced: { points: readonly Vector3[]; course: Course | null } | null;
}

const AGAIN_MS = 1000;

export const curves = signal<readonly Curve[]>([]);
let ids = 0;
const answers = new Map<number, Promise<void>>();
const askers = new WeakMap<Desk, (points: readonly Vector3[]) => Promise<Traced | null>>();

/**
 * What millimetres mean: the same for all series of one frame of reference, but in one study only. Anonymised and faulty
 * data have the same frame for different patients.
 */
export function spaceOf(desk: Desk): string {
  const frame = desk.geometry.value?.frame_of_reference;
  const own = `${desk.series.value?.id} ${desk.stack.value?.phase?.group ?? desk.stack.value?.index}`;
  return `${desk.study.value?.study.id} ${frame || own}`;
}

export const curvesHere = (desk: Desk): Curve[] => curves.value.filter(({ space }) => space === spaceOf(desk));
export const curveOf = (id: number): Curve | null => curves.value.find((one) => one.id === id) ?? null;

/** What the server said of the points that a curve has now. */
const said = ({ points, traced }: Curve) => (traced?.points === points ? traced : null);
/** Null until the server has answered, and where there is no such curve. */
export const courseOf = (curve: Curve): Course | null => said(curve)?.course ?? null;
export const isImpossible = (curve: Curve): boolean => said(curve)?.course === null;

function change(id: number, what: Partial<Curve>): void {
  curves.value = curves.peek().map((one) => (one.id === id ? { ...one, ...what } : one));
}

/** The next person at this machine has drawn nothing. */
function forget(): void {
  curves.value = [];
}

/** A curve without points. */
export function begin(desk: Desk): number {
  desk.leaving.add(forget);
  ids += 1;
  curves.value = [...curves.peek(), { id: ids, name: "", points: [], space: spaceOf(desk), traced: null }];
  return ids;
}

export const rename = (id: number, name: string): void => change(id, { name: name.trim().slice(0, 40) });

/** Take a curve away. What it returns brings it back to its place in the list. */
export function remove(id: number): () => void {
  const at = curves.peek().findIndex((one) => one.id === id);
  const [gone] = curves.peek().slice(at, at + 1);
  curves.value = curves.peek().filter((one) => one.id !== id);
  return () => {
    if (gone && !curveOf(id)) curves.value = [...curves.peek().slice(0, at), gone, ...curves.peek().slice(at)];
  };
}

/** Whoever follows a curve is told that the hand which moved it is up. */
export const rest = (id: number): void => change(id, {});

function ask(desk: Desk, points: readonly Vector3[]): Promise<Traced | null> {
  let asker = askers.get(desk);
  if (!asker) {
    asker = inTurn((wanted) => {
      const viewport = desk.viewports[desk.shownRoles.peek()[0]!]; // one that the server knows
      return viewport.ask<Traced>({ t: "trace", points: [...wanted] });
    });
    askers.set(desk, asker);
  }
  return asker(points);
}

/** Ask the server where a curve runs; again, where nobody answers, until it has said or the points are others. */
async function trace(desk: Desk, id: number): Promise<void> {
  const points = curveOf(id)?.points ?? [];
  if (points.length < 2) return;
  const answer = await ask(desk, points);
  if (answer) return change(id, { traced: { points, course: answer.points.length > 1 ? answer : null } });
  setTimeout(() => {
    const now = curveOf(id);
    if (now?.points === points && !said(now)) void trace(desk, id);
  }, AGAIN_MS);
}

export function setPoints(desk: Desk, id: number, points: readonly Vector3[]): Promise<void> {
  change(id, { points });
  const answer = trace(desk, id);
  answers.set(id, answer);
  return answer;
}

/** When the server has answered what was asked of a curve last, or will not. */
export const answered = (id: number): Promise<void> => answers.get(id) ?? Promise.resolve();
