/** Along a curve: the curved reformat of it, and the section across it at a place that one goes to. */

import { batch, computed, effect, signal } from "@preact/signals";
import { placeAt, sectionAxes, type Course } from "../geometry/course";
import { clamp, combine, length, subtract, type Vector3 } from "../geometry/vectors";
import type { CurvedView, PlaneView } from "../stream/messages";
import { CurvePen } from "./curve_pen";
import { curveOf, type Curve } from "./courses";
import type { Along, Desk } from "./desk";
import { openMpr } from "./opening";
import type { Viewport } from "./viewport";

export type CurvedLayout = CurvedView["layout"];
export const LAYOUTS: readonly CurvedLayout[] = ["straightened", "stretched", "projected"];

const STEP_DEGREES = 5;
const STEP_MM = 1;
const SECTION_MM = 20; // of the section to each side of the curve
const BESIDE_MM = 25; // of a straightened picture

/** Between 0 and 360, as the slider has it. */
const wrapped = (degrees: number): number => ((degrees % 360) + 360) % 360;

/** How far points reach from their middle. */
function reach(points: readonly Vector3[]): number {
  const sum = points.reduce<Vector3>((all, point) => combine(all, 1, point, 0, point), [0, 0, 0]);
  const middle = sum.map((part) => part / points.length) as Vector3;
  return Math.max(...points.map((point) => length(subtract(point, middle))));
}

export class Walk implements Along {
  /** Where the section is, millimetres along the curve. */
  readonly at_mm = signal(0);
  readonly curve = computed<Curve | null>(() => curveOf(this.id));
  private stop: () => void = () => undefined;
  private course: Course | null = null;
  private placed = false;

  constructor(
    private readonly desk: Desk,
    readonly id: number,
  ) {}

  begin(): void {
    // The curve may be moved while one looks along it, and taken away. The pictures are of the points that were traced.
    this.stop = effect(() => {
      const curve = this.curve.value;
      if (!curve || this.desk.along.value !== this) return this.end();
      this.course = curve.traced?.course ?? null;
      if (this.course) this.show(this.course, curve.traced!.points);
    });
  }

  private end(): void {
    queueMicrotask(() => this.stop()); // an effect cannot stop itself while it runs for the first time
    if (this.desk.along.peek() === this) close(this.desk);
  }

  private show(course: Course, points: readonly Vector3[]): void {
    const { desk } = this;
    const plane = desk.viewports.axial.view.peek();
    if (plane?.kind !== "plane") return;
    batch(() => {
      if (!this.placed) this.at_mm.value = course.length_mm / 2;
      this.placed = true;
      const { curved } = desk.viewports;
      const now = curved.view.peek();
      const { series, stack, window, invert } = plane;
      const fresh = { kind: "curved" as const, layout: "straightened" as const, extent_mm: 100, angle: 0, across_mm: 0, thickness_mm: 0 };
      const kept = now?.kind === "curved" ? now : { ...fresh, along_mm: course.length_mm / 2, projection: "max" as const };
      const view: CurvedView = { ...kept, series, stack, window, invert, points: points.map((point) => [...point] as Vector3) };
      this.place(curved, view, course);
      this.go(this.at_mm.peek(), this.moving);
    });
  }

  /** Whether a hand moves the curve. */
  private get moving(): boolean {
    const pen = this.desk.pen.peek();
    return pen instanceof CurvePen && pen.holds;
  }

  /** As it fits, until somebody zooms. */
  private place(viewport: Viewport, view: CurvedView, course: Course): void {
    const wide = view.layout === "straightened" ? BESIDE_MM : reach(course.points) + BESIDE_MM / 2;
    const corners: [number, number][] = [
      [-wide, 0],
      [wide, course.length_mm],
    ];
    if (!this.moving && (viewport.fitted || !viewport.view.peek())) return viewport.place(view, corners);
    viewport.corners = corners;
    viewport.set(view, this.moving);
  }

  private change(what: Partial<CurvedView>, moving: boolean): void {
    const { curved } = this.desk.viewports;
    const view = curved.view.peek();
    if (view?.kind === "curved") curved.set({ ...view, ...what }, moving);
  }

  setLayout(layout: CurvedLayout): void {
    const { curved } = this.desk.viewports;
    const view = curved.view.peek();
    if (view?.kind !== "curved" || !this.course) return;
    curved.fitted = true;
    this.place(curved, { ...view, layout, across_mm: 0, along_mm: this.course.length_mm / 2 }, this.course);
  }

  setAngle(degrees: number, moving: boolean): void {
    this.change({ angle: wrapped(degrees) }, moving);
  }

  get angle(): number {
    const view = this.desk.viewports.curved.view.value;
    return view?.kind === "curved" ? (view.angle ?? 0) : 0;
  }

  /** The section goes to a place along the curve. */
  go(mm: number, moving: boolean): void {
    const { course, desk } = this;
    const plane = desk.viewports.axial.view.peek();
    if (!course || plane?.kind !== "plane") return;
    this.at_mm.value = clamp(mm, 0, course.length_mm);
    const place = placeAt(course, this.at_mm.peek());
    const { right, down } = sectionAxes(place);
    const { section } = desk.viewports;
    const now = section.view.peek();
    const kept: PlaneView = now?.kind === "plane" ? now : { ...plane, extent_mm: 2 * SECTION_MM, thickness_mm: 0, filter: null };
    const { series, stack, window, invert, labels, fusion } = plane;
    const view: PlaneView = { ...kept, series, stack, window, invert, labels, fusion, centre: place.point, right, down };
    const corners = [-SECTION_MM, SECTION_MM].flatMap((x) => [-SECTION_MM, SECTION_MM].map((y) => combine(place.point, x, right, y, down)));
    section.corners = corners;
    if (!now) section.place(view, corners);
    else section.set({ ...view, extent_mm: now.extent_mm }, moving);
  }

  scroll(viewport: Viewport, steps: number, moving: boolean): void {
    if (viewport.role === "curved") this.setAngle(this.angle + steps * STEP_DEGREES, moving);
    else this.go(this.at_mm.peek() + steps * STEP_MM, moving);
  }
}

/** Look along a curve, beside the planes that it is drawn on; where there is room for one picture, along it alone. */
export function open(desk: Desk, id: number): void {
  if (!curveOf(id)) return;
  batch(() => {
    if (desk.layout.peek() !== "mpr") openMpr(desk, null);
    if (desk.layout.peek() !== "mpr") return;
    for (const role of ["curved", "section"] as const) {
      desk.viewports[role].clear();
      desk.viewports[role].fitted = true;
    }
    const walk = new Walk(desk, id);
    desk.along.value = walk;
    walk.begin();
    desk.maximised.value = desk.small.peek() ? "curved" : null;
    desk.active.value = "curved";
  });
}

export function close(desk: Desk): void {
  batch(() => {
    desk.along.value = null;
    if (desk.maximised.peek() === "curved" || desk.maximised.peek() === "section") desk.maximised.value = desk.small.peek() ? "axial" : null;
    if (desk.active.peek() === "curved" || desk.active.peek() === "section") desk.active.value = "axial";
  });
}

/** The walk that is under way. */
export const walkOf = (desk: Desk): Walk | null => (desk.along.value instanceof Walk ? desk.along.value : null);
