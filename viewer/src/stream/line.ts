/** What the line to the server is like: its idle round trip, whether it is alive, and the quality to ask for. */

import type { Frame } from "./frame";
import { next, START, type Quality } from "./level";

const FIRST_PINGS = 3;
const KEPT_PINGS = 5;
const PING_EVERY_MS = 10_000;
const IDLE_MS = 600;
const SILENT_MS = 4000;
const WORK_KEPT_MS = 3000;

export class Line {
  quality: Quality = START;
  /** The idle round trip, ms; null until measured, and then no level changes. */
  base_ms: number | null = null;
  /** How many levels the server has. */
  levels = 6;
  /** What the server did for each frame that came lately; never the frame itself, which holds its picture. */
  private work: { at: number; viewport: number; sequence: number; render_ms: number }[] = [];
  private pings: number[] = [];
  private asked: { n: number; at: number } | null = null;
  private count = 0;
  private heard_at = 0;
  private busy_at = 0;

  constructor(
    private readonly now: () => number,
    private readonly ping: (n: number) => void,
  ) {}

  /**
   * A new connection. Three pings follow each other while the first picture is rendered: nothing else is on the
   * line then, and they cost no one any time.
   */
  start(): void {
    this.quality = START;
    this.base_ms = null;
    this.pings = [];
    this.heard_at = this.now();
    this.ask();
  }

  /** Something is on its way, so that a ping now would measure a queue. */
  busy(): void {
    this.busy_at = this.now();
  }

  heard(): void {
    this.heard_at = this.now();
  }

  ask(): void {
    this.count += 1;
    this.asked = { n: this.count, at: this.now() };
    this.ping(this.count);
  }

  answered(n: number): void {
    if (this.asked?.n !== n) return;
    this.pings = [...this.pings, this.now() - this.asked.at].slice(-KEPT_PINGS);
    this.base_ms = Math.min(...this.pings);
    this.asked = null;
    if (this.pings.length < FIRST_PINGS) this.ask();
  }

  /** A frame came. */
  came(frame: Frame): void {
    this.busy();
    const now = this.now();
    const { viewport, sequence, render_ms } = frame;
    this.work = [...this.work.filter(({ at }) => now - at < WORK_KEPT_MS), { at: now, viewport, sequence, render_ms }];
  }

  /**
   * A frame that moved is on the screen; its input left at `sent_at`.
   *
   * The server renders one picture after the other. What it did for other viewports in the meantime is not the
   * line's fault, and smaller frames would not shorten it.
   */
  drawn(frame: Frame, sent_at: number): void {
    if (this.base_ms === null) return;
    const now = this.now();
    const own = (done: { viewport: number; sequence: number }): boolean =>
      done.viewport === frame.viewport && done.sequence === frame.sequence;
    const others = this.work.filter((done) => done.at > sent_at && !own(done));
    const rendering = others.reduce((sum, done) => sum + done.render_ms, frame.render_ms);
    const extra = now - sent_at - this.base_ms - rendering - frame.encode_ms;
    this.quality = next(this.quality, extra, now, this.levels);
  }

  /**
   * Look now and then; false when the line is dead. A phone that changes its network gets no close from the old one:
   * an unanswered ping is the only sign.
   */
  alive(): boolean {
    const now = this.now();
    if (this.asked) return now - this.asked.at < SILENT_MS || now - this.heard_at < SILENT_MS;
    const due = now - this.heard_at > PING_EVERY_MS || this.pings.length < KEPT_PINGS;
    if (due && now - this.busy_at > IDLE_MS) this.ask();
    return true;
  }
}
