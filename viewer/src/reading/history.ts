/**
 * Undo and redo of how images are looked at: layout, window, zoom and pan, orientation, slab, rendering.
 *
 * A whole gesture is one step. Which image is shown is no part of it: nobody wants to scroll back by undoing, and a
 * window that is taken back stays on the image that one has come to. So a step is restored around the place where the
 * reader is now.
 */

import { batch, effect } from "@preact/signals";
import { eyeDistance, through } from "../geometry/camera";
import { dot, type Vector3 } from "../geometry/vectors";
import type { CurvedView, PlaneView, StackView, View } from "../stream/messages";
import type { Desk, Layout } from "./desk";
import { labelled, type LabelMaps } from "./labelmaps";
import { isAlong } from "./moves";
import type { Role, Viewport } from "./viewport";

/** What kind of thing a step changed, the most telling first. */
export const CHANGES = ["layout", "labels", "orientation", "slab", "rendering", "filter", "fusion", "window", "camera"] as const;
export type Change = (typeof CHANGES)[number];

const STEPS = 50;

interface Look {
  view: View;
  fitted: boolean;
  /** The frame's own window, whichever frame it is. */
  ownWindow: boolean;
}

interface Snapshot {
  layout: Layout;
  maximised: Role | null;
  looks: Map<Role, Look>;
  labels: LabelMaps;
}

export class ViewHistory {
  private past: Snapshot[] = [];
  private future: Snapshot[] = [];
  private now: Snapshot | null = null;
  private images = "";
  private waiting = false;

  constructor(private readonly desk: Desk) {
    effect(() => {
      void [desk.layout.value, desk.maximised.value, desk.labels.value];
      for (const viewport of Object.values(desk.viewports)) void [viewport.view.value, viewport.moving.value];
      if (this.waiting) return;
      this.waiting = true;
      // One act may set several views; they are one step.
      queueMicrotask(() => {
        this.waiting = false;
        this.settle();
      });
    });
  }

  /** What would be undone. */
  get undoable(): boolean {
    return this.past.length > 0;
  }

  /** Remember how things stand, unless a gesture is still under way. */
  settle(): void {
    const { desk } = this;
    if (Object.values(desk.viewports).some(({ moving }) => moving.peek())) return;
    const stack = desk.stack.peek();
    const images = stack ? `${desk.series.peek()?.id} ${stack.phase?.group ?? stack.digest}` : "";
    const before = this.now;
    this.now = this.snapshot();
    if (images !== this.images || !before) {
      this.images = images;
      this.past = [];
      this.future = [];
    } else if (changed(before, this.now)) {
      this.past = [...this.past, before].slice(-STEPS);
      this.future = [];
    }
  }

  /** Take the last step back; what it had changed, or null when there is none. */
  undo(): Change | null {
    return this.step("past", "future");
  }

  redo(): Change | null {
    return this.step("future", "past");
  }

  private step(from: "past" | "future", to: "past" | "future"): Change | null {
    this.desk.rest();
    this.settle();
    const target = this[from].pop();
    if (!target || !this.now) return null;
    const change = changed(this.now, target);
    this[to].push(this.now);
    this.restore(target);
    this.now = this.snapshot();
    return change;
  }

  private snapshot(): Snapshot {
    const { desk } = this;
    const looks = new Map<Role, Look>();
    for (const viewport of Object.values(desk.viewports)) {
      const view = viewport.view.peek();
      if (view) looks.set(viewport.role, { view, fitted: viewport.fitted, ownWindow: this.hasOwnWindow(view) });
    }
    return { layout: desk.layout.peek(), maximised: desk.maximised.peek(), looks, labels: desk.labels.peek() };
  }

  private hasOwnWindow(view: View): boolean {
    if (view.kind !== "stack") return false;
    const own = this.ownWindow(view);
    return own !== null && own.every((part, i) => part === view.window[i]);
  }

  private ownWindow(view: StackView): [number, number] | null {
    return this.desk.stack.peek()?.frames[view.frame]?.window ?? null;
  }

  private restore({ layout, maximised, looks, labels }: Snapshot): void {
    const { desk } = this;
    batch(() => {
      if (layout !== desk.layout.peek()) desk.pen.peek()?.cancel();
      desk.labels.value = labels;
      for (const viewport of Object.values(desk.viewports)) {
        const look = looks.get(viewport.role);
        if (look) viewport.restore(this.here(viewport, look), look.fitted);
      }
      desk.layout.value = layout;
      // The viewports along a curve are there as long as it is.
      desk.maximised.value = maximised && isAlong(desk.viewports[maximised]) && !desk.along.peek() ? null : maximised;
      const shown = desk.shownRoles.peek();
      if (!shown.includes(desk.active.peek())) desk.active.value = shown[0]!;
    });
  }

  /** The old look of a viewport, of the images that it shows now and at the place that it shows now. */
  private here(viewport: Viewport, { view, ownWindow }: Look): View {
    const now = viewport.view.peek();
    if (!now || now.kind !== view.kind) return view;
    return labelled(this.placed(viewport, now, view, ownWindow), this.desk.labels.peek());
  }

  private placed(viewport: Viewport, now: View, view: View, ownWindow: boolean): View {
    const { series, stack } = now;
    if (view.kind === "curved") return { ...view, series, stack, points: (now as CurvedView).points };
    if (view.kind === "stack") {
      const moved = { ...view, series, stack, frame: (now as StackView).frame };
      return { ...moved, window: (ownWindow && this.ownWindow(moved)) || view.window };
    }
    if (view.kind === "volume") return { ...view, series, stack };
    if (viewport.role === "section") {
      const { centre, right, down, extent_mm } = now as PlaneView;
      return { ...view, series, stack, centre, right, down, extent_mm };
    }
    const linked = this.desk.linked.peek() && this.desk.cross.peek();
    return through({ ...view, series, stack }, linked || (now as PlaneView).centre);
  }
}

const near = (...numbers: number[]): string => numbers.map((value) => value.toFixed(4)).join(" ");

/** What tells two looks apart, by kind of change. A section lies where its curve says. */
const MARKS: Record<Exclude<Change, "layout" | "labels">, (look: Look, role: Role) => string> = {
  orientation: ({ view }, role) =>
    view.kind === "curved" ? `${view.layout} ${near(view.angle ?? 0)}` : role === "section" ? "" : near(...view.right, ...view.down),
  slab: ({ view }) => (view.kind === "plane" || view.kind === "curved" ? `${view.projection} ${view.thickness_mm}` : ""),
  rendering: ({ view: v }) =>
    v.kind === "volume" ? JSON.stringify([v.preset, v.shift, v.curve, v.projection, v.perspective, v.clip_box, v.clip_planes]) : "",
  filter: ({ view }) => JSON.stringify(view.filter ?? null),
  fusion: ({ view }) => JSON.stringify(("fusion" in view && view.fusion) || null),
  window: ({ view, ownWindow }) => {
    const lut = view.kind === "stack" ? (view.lut ?? "") : "";
    return `${ownWindow ? "own" : near(...view.window)} ${view.invert ?? false} ${lut}`;
  },
  camera: ({ view, fitted }, role) => (fitted || role === "section" ? "fitted" : `${near(view.extent_mm)} ${inPlane(view)}`),
};

/** Where a view looks, without its depth; an eye has one. */
function inPlane(view: View): string {
  if (view.kind === "curved") return near(view.along_mm, view.across_mm ?? 0);
  if (view.kind === "stack" || (view.kind === "volume" && eyeDistance(view))) return near(...view.centre);
  const centre: Vector3 = view.centre;
  return near(dot(centre, view.right), dot(centre, view.down));
}

function changed(a: Snapshot, b: Snapshot): Change | null {
  if (a.layout !== b.layout || a.maximised !== b.maximised) return "layout";
  if (a.labels !== b.labels) return "labels";
  for (const change of CHANGES) {
    if (change === "layout" || change === "labels") continue;
    for (const [role, look] of b.looks) {
      const before = a.looks.get(role);
      if (before && MARKS[change](before, role) !== MARKS[change](look, role)) return change;
    }
  }
  return null;
}
