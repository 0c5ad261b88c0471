/**
 * What tests and benchmarks may look at; nothing here changes anything.
 *
 *   window.farview.drawn     the newest drawn frame of each viewport by role ("stack", "axial", "coronal",
 *                            "sagittal", "volume"): a `Picture`
 *   window.farview.views()   the view that each viewport wants now, by role
 *   window.farview.line()    { base_ms, level, delay_ms }: idle round trip, quality level, smoothed extra delay
 *
 * `farview:drawn`, a CustomEvent on window with a `Picture` as its detail, comes right after a frame is drawn
 * (verified: null) and, for a final frame, once more when its digest has been compared (verified: true or false).
 */

import type { Desk } from "./reading/desk";
import { quality } from "./reading/quality";
import type { Role, Viewport } from "./reading/viewport";
import type { View } from "./stream/messages";
import type { Drawn } from "./stream/screen";

export interface Picture extends Drawn {
  role: Role;
  /** The view that this picture shows. */
  view: View;
  /** What the corner says of it: "LOSSLESS ✓", "original", "interpolated", "preview" … (reading/quality.ts). */
  quality: string[];
  /** performance.now() right after it was drawn. */
  drawnAt: number;
}

const drawn: Partial<Record<Role, Picture>> = {};

export function drawnEvent({ role, oneToOne }: Viewport, frame: Drawn, view: View): void {
  const said = quality(frame, view, oneToOne).words;
  const picture: Picture = { ...frame, role, view, quality: said, drawnAt: frame.drawn_at };
  drawn[role] = picture;
  window.dispatchEvent(new CustomEvent("farview:drawn", { detail: picture }));
}

declare global {
  interface Window {
    farview?: unknown;
  }
}

export function expose(desk: Desk): void {
  window.farview = Object.freeze({
    drawn,
    views: () => Object.fromEntries(Object.entries(desk.viewports).map(([role, v]) => [role, v.view.peek()])),
    line: () => {
      const { base_ms, quality } = desk.connection.line;
      return { base_ms, level: quality.level, delay_ms: quality.delay };
    },
  });
}
