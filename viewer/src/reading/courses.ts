/** Curves through the patient: their control points, what the server traced through them, and the pen that sets them. */

import { computed, signal } from "@preact/signals";
import { millimetresPerPixel, pointAt, screenOf } from "../geometry/camera";
import { distanceTo, type Course } from "../geometry/course";
import { PLANES } from "../geometry/grid";
import { combine, type Vector2, type Vector3 } from "../geometry/vectors";
import type { PlaneView, Traced } from "../stream/messages";
import type { Desk } from "./desk";
import type { Pen } from "./pen";
import type { Viewport } from "./viewport";

export interface Curve {
  id: number;
  /** "" until a reader gives it a name: it is then called by its number. */
  name: string;
  points: readonly Vector3[];
  /** The patient space that its millimetres are of. */
  space: string;
  /** Null until the server has answered, and where there is no such curve. */
  course: Course | null;
  /** The server has answered that no curve runs through these points. */
  impossible?: boolean;
}

export const MOST_POINTS = 128;
const REACH_PX = 20; // CSS pixels from a control point to a hand that takes it
const TOO_DEEP_MM = 25; // farther from the plane a point is not taken

export const curves = signal<readonly Curve[]>([]);
let ids = 0;
const asked = new Map<number, number>();
const answers = new Map<number, Promise<void>>();

/** What millimetres mean: the same for all series of one frame of reference. */
export function spaceOf(desk: Desk): string {
  const frame = desk.geometry.value?.frame_of_reference;
  return frame || `${desk.study.value?.study.id} ${desk.series.value?.id} ${desk.stack.value?.phase?.group ?? desk.stack.value?.index}`;
}

export const curvesHere = (desk: Desk): Curve[] => curves.value.filter(({ space }) => space === spaceOf(desk));
export const curveOf = (id: number): Curve | null => curves.value.find((one) => one.id === id) ?? null;

function change(id: number, what: Partial<Curve>): void {
  curves.value = curves.peek().map((one) => (one.id === id ? { ...one, ...what } : one));
}

/** The next person at this machine has drawn nothing. */
function forget(): void {
  curves.value = [];
}

export const rename = (id: number, name: string): void => change(id, { name: name.trim().slice(0, 40) });

export function remove(id: number): void {
  curves.value = curves.peek().filter((one) => one.id !== id);
}

/** Ask the server where a curve runs. The newest question counts. */
function trace(desk: Desk, id: number): Promise<void> {
  const answer = question(desk, id);
  answers.set(id, answer);
  return answer;
}

async function question(desk: Desk, id: number): Promise<void> {
  const points = curveOf(id)?.points ?? [];
  const n = (asked.get(id) ?? 0) + 1;
  asked.set(id, n);
  if (points.length < 2) return change(id, { course: null });
  const viewport = desk.viewports[desk.shownRoles.peek()[0]!]; // one that the server knows
  const answer = await viewport.ask<Traced>({ t: "trace", points: [...points] });
  if (asked.get(id) !== n || !answer) return;
  const course = answer.points.length > 1 ? answer : null;
  change(id, { course, impossible: !course });
}

export async function setPoints(desk: Desk, id: number, points: readonly Vector3[]): Promise<void> {
  change(id, { points });
  await trace(desk, id);
}

/** Asked again, where the line was cut before the answer came. */
export const retrace = (desk: Desk, id: number): Promise<void> => trace(desk, id);

/** The picture that a hand sees, as a plane, and a position in it. */
function seen(viewport: Viewport, at: Vector2): { view: PlaneView; size: { width: number; height: number }; pixel: Vector2 } | null {
  const drawn = viewport.drawn.peek();
  if (drawn?.view.kind !== "plane") return null;
  const size = { width: drawn.frame.full_width, height: drawn.frame.full_height };
  return { view: drawn.view, size, pixel: viewport.pixelAt(at, drawn.frame) };
}

/** Taps set control points, a drag moves one. Drawing ends by `done`, which is told the curve. */
export class CurvePen implements Pen {
  readonly id: number;
  readonly drags = false;
  /** The control point that a hand holds, and where it was. */
  private held: { index: number; from: Vector3 } | null = null;
  private begun = false; // this hand's drag

  constructor(
    private readonly desk: Desk,
    curve: Curve | null,
    private readonly done: (id: number) => void,
  ) {
    desk.leaving.add(forget);
    if (curve) this.id = curve.id;
    else {
      ids += 1;
      this.id = ids;
      curves.value = [...curves.peek(), { id: ids, name: "", points: [], space: spaceOf(desk), course: null }];
    }
  }

  readonly points = computed<readonly Vector3[]>(() => curveOf(this.id)?.points ?? []);

  draws(viewport: Viewport): boolean {
    return (PLANES as readonly string[]).includes(viewport.role) && viewport.view.peek()?.kind === "plane";
  }

  tap(viewport: Viewport, at: Vector2): void {
    const picture = seen(viewport, at);
    if (!picture || this.points.peek().length >= MOST_POINTS) return;
    const point = pointAt(picture.view, picture.size, picture.pixel);
    void setPoints(this.desk, this.id, [...this.points.peek(), point]);
  }

  drag(viewport: Viewport, start: Vector2, at: Vector2): boolean {
    if (!this.begun) this.held = this.under(viewport, start);
    this.begun = true;
    const [from, to] = [seen(viewport, start), seen(viewport, at)];
    if (!this.held || !from || !to) return false;
    const { index, from: was } = this.held;
    const mm = millimetresPerPixel(to.view, to.size);
    const [dx, dy] = [(to.pixel[0] - from.pixel[0]) * mm, (to.pixel[1] - from.pixel[1]) * mm];
    const moved = combine(was, dx, to.view.right, dy, to.view.down);
    void setPoints(this.desk, this.id, this.points.peek().map((point, i) => (i === index ? moved : point)));
    return true;
  }

  /** The control point under a hand, the nearest to the plane first. */
  private under(viewport: Viewport, at: Vector2): { index: number; from: Vector3 } | null {
    const picture = seen(viewport, at);
    if (!picture) return null;
    const { view, size, pixel } = picture;
    const reach = (REACH_PX * viewport.density) / viewport.stretch;
    const near = this.points.peek().flatMap((from, index) => {
      const [x, y] = screenOf(view, size, from);
      const depth = distanceTo(view, from);
      return Math.hypot(x - pixel[0], y - pixel[1]) <= reach && depth <= TOO_DEEP_MM ? [{ index, from, depth }] : [];
    });
    return near.sort((a, b) => a.depth - b.depth)[0] ?? null;
  }

  /** Whether a control point is on its way: what follows it need not be still yet. */
  get holds(): boolean {
    return this.held !== null;
  }

  lift(): void {
    const { held } = this;
    this.held = null;
    this.begun = false;
    if (held) change(this.id, {}); // whoever follows is told that it rests
  }

  spoil(): void {
    if (!this.held) return;
    const { index, from } = this.held;
    this.held = null;
    void setPoints(this.desk, this.id, this.points.peek().map((point, i) => (i === index ? from : point)));
  }

  back(): boolean {
    const points = this.points.peek();
    if (points.length) void setPoints(this.desk, this.id, points.slice(0, -1));
    return points.length > 0;
  }

  /** Done once the server has said where the curve runs. */
  finish(): void {
    this.cancel();
    if (this.points.peek().length >= 2) void answers.get(this.id)?.then(() => this.done(this.id));
  }

  /** Drawing ends; what can be a curve stays. */
  cancel(): void {
    if (this.points.peek().length < 2) remove(this.id);
    if (this.desk.pen.peek() === this) this.desk.pen.value = null;
  }
}
