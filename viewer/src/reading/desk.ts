/**
 * The reading desk: which study and series are open, how the viewports are laid out, and what they share.
 *
 * It is a list of parts; what hands and keys do to a viewport is in moves.ts, looks.ts, slabs.ts, turns.ts and
 * crosses.ts, what opens is in opening.ts.
 */

import { computed, signal } from "@preact/signals";
import type { SeriesInfo, StackInfo, StudyInfo, StudyRow } from "../api/messages";
import { PLANES, type Plane } from "../geometry/grid";
import type { Vector2, Vector3 } from "../geometry/vectors";
import type { Connection } from "../stream/connection";
import type { View } from "../stream/messages";
import { drawnEvent } from "../probe";
import type { Words } from "../words/words";
import { ViewHistory } from "./history";
import { Cine } from "./cine";
import { NO_LABELS, type LabelMaps } from "./labelmaps";
import type { Pen } from "./pen";
import { phasesOf } from "./phases";
import { ALONG, Viewport, type Role } from "./viewport";

export type Tool = "window" | "pan" | "zoom" | "scroll" | "cross";
export type Layout = "stack" | "mpr";
/** What may lie over the page: "more" is a phone's tools. */
export type SheetName = "more" | "settings" | "help" | "menu";

export interface Toast {
  say(words: Words): string;
  /** What can be done about it. */
  offer?: { label(words: Words): string; run(): void };
}

export const GRID: readonly Role[] = ["axial", "coronal", "sagittal", "volume"];

export interface Along {
  /** Turn the curved picture about the curve, or go along it with the section. */
  scroll(viewport: Viewport, steps: number, moving: boolean): void;
}

export class Desk {
  /** What the list already knew, so that the page stands before the study's own answer comes. */
  readonly row = signal<StudyRow | null>(null);
  readonly study = signal<StudyInfo | null>(null);
  readonly series = signal<SeriesInfo | null>(null);
  readonly stack = signal<StackInfo | null>(null);
  /** The stacks of the open 4-D set in their order; one alone where the open stack is no phase. */
  readonly phases = computed<readonly StackInfo[]>(() => {
    const [series, stack] = [this.series.value, this.stack.value];
    return series && stack ? phasesOf(series, stack) : [];
  });
  /** Where the open stack's voxels stand in the patient; null where it is no volume. */
  readonly geometry = computed(() => this.stack.value?.volume ?? null);
  readonly layout = signal<Layout>("stack");
  /** The one viewport of the grid that fills it. */
  readonly maximised = signal<Role | null>(null);
  readonly active = signal<Role>("stack");
  /** The tool of the left button and of one finger; null is what each viewport is for. */
  readonly tool = signal<Tool | null>(null);
  readonly cross = signal<Vector3 | null>(null);
  /** Whether planes follow the crosshair. */
  readonly linked = signal(true);
  /** The point that the volume rendering turns about; null is the middle of the body. */
  readonly pivot = signal<Vector3 | null>(null);
  /** Whether the screen has room for one viewport at a time. */
  readonly small = signal(false);
  /** Whether everything stands in the corners; without, only what must. */
  readonly texts = signal(true);
  readonly sheet = signal<SheetName | null>(null);
  /** Whether the curve of the volume rendering is being edited below its picture. */
  readonly editing = signal(false);
  /** Where the context menu was asked for: device pixels of a viewport, and CSS pixels of the page. */
  readonly menu = signal<{ role: Role; at: Vector2; page: Vector2 } | null>(null);
  /** A word about what has just been done; it goes by itself. */
  readonly toast = signal<Toast | null>(null);
  /** What draws instead of the tool. */
  readonly pen = signal<Pen | null>(null);
  readonly labels = signal<LabelMaps>(NO_LABELS);
  /** A curve through the patient, along which two viewports of the grid look instead of the volume rendering. */
  readonly along = signal<Along | null>(null);
  /** Whether a part of image processing was opened: it may have marks on the pictures. */
  readonly processing = signal(false);
  /** Called when a study is closed: nothing that was under way for it may reach the next patient. */
  readonly closing = new Set<() => void>();
  /** Called when the reader leaves: what parts of the page remember is nobody else's. */
  readonly leaving = new Set<() => void>();
  readonly history: ViewHistory;
  /** A sentence for the reader, a key of the dictionary's problems. */
  readonly notice = signal<string | null>(null);

  readonly viewports: Record<Role, Viewport>;
  readonly grid = computed<readonly Role[]>(() => (this.along.value ? [...PLANES, ...ALONG] : GRID));
  readonly shownRoles = computed<readonly Role[]>(() => {
    if (this.layout.value === "stack") return ["stack"];
    return this.maximised.value ? [this.maximised.value] : this.grid.value;
  });
  readonly activeViewport = computed(() => this.viewports[this.active.value]);
  readonly cine: Cine;

  constructor(readonly connection: Connection) {
    const make = (role: Role): Viewport => new Viewport(role, connection, drawnEvent);
    this.viewports = {
      stack: make("stack"),
      axial: make("axial"),
      coronal: make("coronal"),
      sagittal: make("sagittal"),
      volume: make("volume"),
      section: make("section"),
      curved: make("curved"),
    };
    this.history = new ViewHistory(this);
    this.cine = new Cine(this);
  }

  /** The planes that have a view, shown or not. */
  get planes(): [Plane, Viewport][] {
    return PLANES.map((plane): [Plane, Viewport] => [plane, this.viewports[plane]]).filter(([, v]) => v.view.peek());
  }

  /** The stack that a drawn picture shows: another phase of the set while the one that is asked for is on its way. */
  stackOf(view: View): StackInfo | null {
    return this.phases.value.find(({ digest }) => digest === view.stack) ?? this.stack.value;
  }

  /** Fingers and keys are up everywhere. */
  rest(): void {
    if (this.cine.playing.peek()) return; // it asks for its still when it stops
    for (const viewport of Object.values(this.viewports)) viewport.rest();
  }
}
