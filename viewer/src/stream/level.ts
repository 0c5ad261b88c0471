/**
 * Which quality level to ask for next.
 *
 * The line's idle round trip is measured by pings and never inferred: a base derived from the frames themselves
 * collapses, and a limit on the round trip alone never fires, because the credit window bounds the queue. What a
 * frame takes longer than the idle round trip and the server's own work is waiting, and waiting is what a finger
 * feels: more than 60 ms of it, one level down; little of it for a while, one level up if the larger frames would
 * still stay below 60 ms. Every clock here is this page's own.
 */

export interface Quality {
  level: number;
  /** Smoothed extra delay, ms. */
  delay: number;
  /** Since when the delay has been low enough to try a better level; null while it is not. */
  calm_since: number | null;
  /** No step up before this time, ms. */
  held_until: number;
  changed_at: number;
}

export const BUDGET_MS = 60;
const CALM_MS = 0.55 * BUDGET_MS;
const CALM_FOR_MS = 600;
const HOLD_MS = 1500;
const SETTLE_MS = 250;
const NEW_WEIGHT = 0.2;

/** Frame bytes of each level relative to the best, measured on CT at 1024²; a ratio is all the law needs. */
const BYTES = [1, 0.62, 0.45, 0.36, 0.24, 0.18];

export const START: Quality = { level: 0, delay: 0, calm_since: null, held_until: 0, changed_at: 0 };

/** The quality after a frame that took `extra` ms longer than the idle line and the server's work. */
export function next(quality: Quality, extra: number, now: number, levels: number): Quality {
  const delay = (1 - NEW_WEIGHT) * quality.delay + NEW_WEIGHT * Math.max(0, extra);
  const { level } = quality;
  const settled = now - quality.changed_at > SETTLE_MS;
  if (delay > BUDGET_MS && settled && level < levels - 1) {
    // The smaller frames drain the queue; the old delay says little about them.
    return { level: level + 1, delay: delay * 0.6, calm_since: null, held_until: now + HOLD_MS, changed_at: now };
  }
  const calm_since = delay < CALM_MS ? (quality.calm_since ?? now) : null;
  const calm = calm_since !== null && now - calm_since >= CALM_FOR_MS;
  const growth = (BYTES[level - 1] ?? 1) / (BYTES[level] ?? 1);
  if (calm && level > 0 && now >= quality.held_until && delay * growth < BUDGET_MS) {
    return { ...quality, level: level - 1, delay, calm_since: now, changed_at: now };
  }
  return { ...quality, delay, calm_since };
}
