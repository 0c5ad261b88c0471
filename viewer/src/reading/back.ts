/**
 * The browser's back: it closes what lies on top (a sheet, a viewport that fills the layout, the planes) before it
 * leaves the study. No swipe from an edge loses anything.
 *
 * Each layer has one entry of the browser's history, made when it opens, by a hand: entries that nobody touched a page
 * for are skipped by some browsers.
 */

import { effect } from "@preact/signals";
import type { Desk } from "./desk";
import { openStackLayout } from "./opening";

type Layer = "layout" | "maximised" | "sheet";

/** The browser's part, so that a test can pass its own. */
export interface Past {
  readonly state: unknown;
  pushState(state: unknown, unused: string): void;
  go(steps: number): void;
}

const depthOf = (state: unknown): number => {
  const layer = (state as { layer?: unknown } | null)?.layer;
  return typeof layer === "number" ? layer : 0;
};

export class Back {
  /** What is open, the oldest first. */
  private layers: Layer[] = [];
  private depth: number;
  /** The planes opened with one of them filling the layout, as on a phone: one step, and back closes both. */
  private alone = false;
  private going = false; // a step of ours is under way; the browser tells by popstate when it is done

  constructor(
    private readonly desk: Desk,
    private readonly past: Past,
  ) {
    this.depth = depthOf(past.state);
  }

  /** Keep the history as deep as what is open; returns how to stop. */
  watch(): () => void {
    return effect(() => {
      const { desk } = this;
      this.open({
        layout: desk.layout.value === "mpr",
        maximised: desk.maximised.value !== null,
        sheet: desk.sheet.value !== null,
      });
      this.follow();
    });
  }

  /** The browser went to another entry of this study. */
  came(state: unknown): void {
    this.depth = depthOf(state);
    const ours = this.going;
    this.going = true; // what closes now is heard by `watch`, and has left its entry already
    while (!ours && this.layers.length > this.depth) this.close(this.layers.pop()!);
    this.going = false;
    this.follow();
  }

  private open(now: Record<Layer, boolean>): void {
    const together = !this.layers.includes("layout") && now.layout && now.maximised;
    this.layers = this.layers.filter((layer) => now[layer]);
    for (const layer of ["layout", "maximised", "sheet"] as const) {
      if (!now[layer] || this.layers.includes(layer)) continue;
      if (layer === "maximised" && (together || this.alone)) continue;
      this.layers.push(layer);
    }
    this.alone = now.layout && now.maximised && (together || this.alone);
  }

  private close(layer: Layer): void {
    const { desk } = this;
    if (layer === "sheet") desk.sheet.value = null;
    else if (layer === "maximised") desk.maximised.value = null;
    else openStackLayout(desk);
  }

  private follow(): void {
    if (this.going) return;
    const wanted = this.layers.length;
    for (; this.depth < wanted; this.depth += 1) this.past.pushState({ layer: this.depth + 1 }, "");
    if (this.depth === wanted) return;
    this.going = true;
    this.past.go(wanted - this.depth);
  }
}
