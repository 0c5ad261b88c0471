/** The pen that sets and moves the control points of a curve. */

import { computed } from "@preact/signals";
import { millimetresPerPixel, pointAt, screenOf, type Size } from "../geometry/camera";
import { between, distanceTo } from "../geometry/course";
import { PLANES } from "../geometry/grid";
import { combine, type Vector2, type Vector3 } from "../geometry/vectors";
import type { Picked, PlaneView } from "../stream/messages";
import { processingWords } from "../words/processing";
import { answered, begin, courseOf, curveOf, remove, rest, setPoints } from "./courses";
import type { Desk } from "./desk";
import type { Pen } from "./pen";
import { isDeep } from "./picking";
import type { Viewport } from "./viewport";

const MOST_POINTS = 128;
const REACH_PX = 20; // CSS pixels from a control point to a hand that takes it
const LINE_PX = 10; // and from its line
export const NEAR_MM = 1.5; // of the line to each side of a plane; of a slab, its half
const TOO_DEEP_MM = 25; // farther from the plane a point is not taken

interface Seen {
  view: PlaneView;
  size: Size;
  pixel: Vector2;
}

/** The picture that a hand sees, as a plane, and a position in it. */
function seen(viewport: Viewport, at: Vector2): Seen | null {
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
  private turns: Promise<void> | null = null; // what waits for the server
  private ending = false; // finished, but for those
  private past: (readonly Vector3[])[] = []; // the points before each thing that was done, the oldest first

  constructor(
    private readonly desk: Desk,
    curve: { id: number } | null,
    private readonly done: (id: number) => void,
  ) {
    this.id = curve?.id ?? begin(desk);
    this.edits = curve !== null;
  }

  /** Whether a curve is changed that was there before. */
  private readonly edits: boolean;

  readonly points = computed<readonly Vector3[]>(() => curveOf(this.id)?.points ?? []);

  draws(viewport: Viewport): boolean {
    return (PLANES as readonly string[]).includes(viewport.role) && viewport.view.peek()?.kind === "plane";
  }

  tap(viewport: Viewport, at: Vector2): void {
    const picture = seen(viewport, at);
    if (!picture || this.ending) return;
    const { view, size, pixel } = picture;
    if (this.insert(viewport, picture)) return;
    if (!isDeep(view)) return this.inTurn(() => this.add(pointAt(view, size, pixel)));
    this.inTurn(async () => {
      const picked = await viewport.ask<Picked>({ t: "pick", at: pixel, ...size, view });
      if (this.desk.pen.peek() !== this) return;
      if (picked?.point) this.add(picked.point);
      else this.desk.toast.value = { say: (w) => (picked ? w.nothing_there : w.pick_unanswered) };
    });
  }

  /** A tap on the line of a curve that is edited: one more point there, between those beside it. */
  private insert(viewport: Viewport, { view, size, pixel }: Seen): boolean {
    const curve = curveOf(this.id);
    const course = this.edits && !this.turns && curve ? courseOf(curve) : null;
    if (!curve || !course || curve.points.length >= MOST_POINTS) return false;
    const reach = (LINE_PX * viewport.density) / viewport.stretch;
    const near_mm = Math.max(NEAR_MM, (view.thickness_mm ?? 0) / 2);
    const found = between(course, curve.points, { view, size, pixel, reach, near_mm });
    if (found) this.change([...curve.points.slice(0, found.index), found.point, ...curve.points.slice(found.index)]);
    return found !== null;
  }

  private add(point: Vector3): void {
    if (this.points.peek().length < MOST_POINTS) this.change([...this.points.peek(), point]);
  }

  private change(points: readonly Vector3[]): void {
    this.past.push(this.points.peek());
    void setPoints(this.desk, this.id, points);
  }

  /** At once, or after the taps whose points the server is still looking for: points stay in the order of the taps. */
  private inTurn(step: () => void | Promise<void>): void {
    const before = this.turns;
    const mine = before ? before.then(step) : step();
    if (!mine) return;
    this.turns = mine;
    void mine.then(() => {
      if (this.turns === mine) this.turns = null;
    });
  }

  drag(viewport: Viewport, start: Vector2, at: Vector2): boolean {
    if (!this.begun) {
      this.held = this.under(viewport, start);
      if (this.held) this.past.push(this.points.peek()); // a whole drag is one step
    }
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
    if (held) rest(this.id);
  }

  spoil(): void {
    if (!this.held) return;
    this.held = null;
    this.undo();
  }

  back(): boolean {
    const begun = this.points.peek().length > 0 || this.turns !== null;
    this.inTurn(() => {
      if (this.points.peek().length) this.change(this.points.peek().slice(0, -1));
    });
    return begun;
  }

  undo(): boolean {
    const begun = this.past.length > 0 || this.turns !== null;
    this.inTurn(() => {
      const before = this.past.pop();
      if (before) void setPoints(this.desk, this.id, before);
    });
    return begun;
  }

  /** Done once the server has said where the curve runs. */
  finish(): void {
    this.ending = true;
    this.inTurn(() => {
      if (this.desk.pen.peek() !== this) return;
      if (this.edits && this.points.peek().length < 2) return this.cancel();
      this.put();
      if (this.points.peek().length >= 2) void answered(this.id).then(() => this.done(this.id));
    });
  }

  /** A curve that was there before is as it was; of a new one stays what can be a curve. */
  cancel(): void {
    const { desk, id } = this;
    const [[first], edited] = [this.past, this.points.peek()];
    if (!this.edits || !first || !curveOf(id)) return this.put();
    void setPoints(desk, id, first);
    this.put();
    desk.toast.value = {
      say: () => processingWords.value.edit_cancelled,
      offer: { label: (w) => w.redo, run: () => edited.length >= 2 && void setPoints(desk, id, edited) },
    };
  }

  private put(): void {
    if (this.points.peek().length < 2) remove(this.id);
    if (this.desk.pen.peek() === this) this.desk.pen.value = null;
  }
}
