/**
 * Cine: images in the rhythm of their header.
 *
 * The clock says which image is due, and only that one is asked for; nothing waits in a line. What a slow line or a slow
 * renderer cannot show in time is skipped and counted, so the heart beats at its own pace and the number of pictures
 * a second is what was drawn.
 */

import { computed, effect, signal } from "@preact/signals";
import type { SeriesInfo, StackInfo } from "../api/messages";
import { CineClock, WAYS, type Way } from "./cine_clock";
import type { Desk } from "./desk";
import * as moves from "./moves";
import { showPhase } from "./phases";

export type Over = "images" | "phases";

export interface Measured {
  /** Pictures drawn a second, over the last one and a half. */
  fps: number;
  /** How many due images never came onto the screen. */
  skipped: number;
}

const WITHOUT_HEADER_FPS = 12;
const PHASES_FPS = 4;
const MEASURED_MS = 1500;
const TOLD_EVERY_MS = 250; // numbers that change sixty times a second cannot be read
const MOVING_KINDS = ["XA", "US", "RF", "IVUS", "ES"];
export const MIN_FPS = 1;
export const MAX_FPS = 60;

export interface Ticks {
  now(): number;
  frame(callback: () => void): void;
}
const BROWSER: Ticks = {
  now: () => performance.now(),
  frame: (callback) => void requestAnimationFrame(callback),
};

/** Whether these frames were taken to be played: the player is offered at once, and never starts by itself. */
export const madeToPlay = (series: SeriesInfo, stack: StackInfo): boolean =>
  stack.frames.length > 1 &&
  (stack.frame_time_ms !== null || stack.frame_times_ms !== null || MOVING_KINDS.includes(series.modality));

/** How long each image of a stack is shown, milliseconds; `count` of them. */
export function imageTimes(stack: StackInfo, count: number): number[] {
  const own = stack.frame_times_ms;
  const usable = (ms: number | null | undefined): ms is number => ms != null && Number.isFinite(ms) && ms > 0;
  if (own && own.length === count && own.every(usable)) return own;
  const every = usable(stack.frame_time_ms) ? stack.frame_time_ms : 1000 / WITHOUT_HEADER_FPS;
  return Array<number>(count).fill(every);
}

/** How long each phase is shown: the time to the next one where the header says when each was taken in a beat. */
export function phaseTimes(phases: readonly StackInfo[]): number[] {
  const at = phases.map(({ phase }) => (phase?.kind === "trigger_time" ? phase.value : null));
  const gaps = at.slice(1).map((ms, i) => (ms !== null && at[i] !== null ? ms - at[i]! : 0));
  if (gaps.length === 0 || !gaps.every((gap) => gap > 0)) return phases.map(() => 1000 / PHASES_FPS);
  return [...gaps, gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length];
}

/** What the header wants of its frames; phases go round. */
function wayOf(stack: StackInfo | null, over: Over): Way {
  const way = WAYS.find((known) => known === stack?.playback);
  return over === "images" && way ? way : "loop";
}

export class Cine {
  readonly playing = signal(false);
  /** Faster or slower than the header says. */
  readonly speed = signal(1);
  /** What the reader chose; null is what the header wants. */
  private readonly chosen = signal<Way | null>(null);
  readonly way = computed<Way>(() => this.chosen.value ?? wayOf(this.desk.stack.value, this.over.value));
  private readonly wanted = signal<Over>("images");
  readonly measured = signal<Measured | null>(null);
  private readonly opened = signal(false);

  /** What the active viewport can play. */
  readonly choices = computed<Over[]>(() => {
    const viewport = this.desk.activeViewport.value;
    // A section goes along its curve and has no images to go through.
    const images = !moves.isAlong(viewport) && (moves.position(this.desk, viewport.view.value)?.count ?? 0) > 1;
    return [...(images ? (["images"] as const) : []), ...(this.desk.phases.value.length > 1 ? (["phases"] as const) : [])];
  });
  readonly over = computed<Over>(() =>
    this.choices.value.includes(this.wanted.value) ? this.wanted.value : (this.choices.value[0] ?? "images"),
  );
  /** Whether the player stands on the page. */
  readonly shown = computed(() => {
    const [series, stack] = [this.desk.series.value, this.desk.stack.value];
    if (!series || !stack || this.choices.value.length === 0) return false;
    return this.opened.value || (this.desk.layout.value === "stack" && madeToPlay(series, stack));
  });
  /** How long each image is shown at its own speed. */
  readonly times = computed<number[]>(() => {
    const stack = this.desk.stack.value;
    if (!stack) return [];
    if (this.over.value === "phases") return phaseTimes(this.desk.phases.value);
    const view = this.desk.activeViewport.value.view.value;
    return imageTimes(stack, moves.position(this.desk, view)?.count ?? 0);
  });
  /** Images a second at the header's own speed. */
  readonly own_fps = computed(() => {
    const times = this.times.value;
    return times.length ? (1000 * times.length) / times.reduce((sum, ms) => sum + ms, 0) : WITHOUT_HEADER_FPS;
  });
  readonly fps = computed(() => this.own_fps.value * this.speed.value);

  private run = 0;
  private clock = new CineClock([1], "loop");
  private begun_at = 0;
  private turn = -1;
  private index = -1;
  private due = new Map<number, number>(); // image → its newest turn
  private last = 0; // the newest turn that was drawn
  private missed = 0;
  private drawn_at: number[] = [];
  private told_at = 0;

  constructor(
    private readonly desk: Desk,
    private readonly ticks: Ticks = BROWSER,
  ) {
    effect(() => this.saw());
    effect(() => {
      // Another viewport or layout: what was played is no longer what one looks at.
      void [desk.active.value, desk.layout.value];
      this.stop();
    });
  }

  toggle(): void {
    if (this.playing.peek()) this.stop();
    else this.play();
  }

  /** Begin at the image that is shown. */
  play(): void {
    if (this.choices.peek().length === 0) return;
    this.opened.value = true;
    this.playing.value = true;
    this.measured.value = null;
    this.missed = 0;
    this.drawn_at = [];
    this.anchor();
    if (this.way.peek() === "once" && this.index === this.times.peek().length - 1) this.anchor(0);
    this.run += 1;
    this.tick(this.run);
  }

  /** The picture rests where it is, and its still is asked for. */
  stop(): void {
    if (!this.playing.peek()) return;
    this.run += 1;
    this.playing.value = false;
    this.desk.rest();
  }

  /** Other images are opened: the player goes with the old ones. */
  close(): void {
    this.stop();
    this.opened.value = false;
    this.wanted.value = "images";
    this.chosen.value = null;
    this.speed.value = 1;
    this.measured.value = null;
  }

  /** The reader puts the player away. */
  hide(): void {
    this.stop();
    this.opened.value = false;
  }

  setFps(fps: number): void {
    this.speed.value = Math.min(MAX_FPS, Math.max(MIN_FPS, fps)) / this.own_fps.peek();
    this.anchor();
  }

  setSpeed(speed: number): void {
    this.speed.value = speed;
    this.anchor();
  }

  /** From loop to sweep to once. */
  nextWay(): void {
    this.chosen.value = WAYS[(WAYS.indexOf(this.way.peek()) + 1) % WAYS.length]!;
    this.anchor();
  }

  setOver(over: Over): void {
    this.wanted.value = over;
    this.anchor();
  }

  /** Go on from the image that is shown, at the speed that is set now. */
  private anchor(from = this.shownIndex()): void {
    const times = this.times.peek().map((ms) => ms / this.speed.peek());
    if (times.length === 0) return;
    this.clock = new CineClock(times, this.way.peek());
    this.index = from;
    const start = this.clock.startOf(this.index);
    this.begun_at = this.ticks.now() - start;
    this.turn = this.last = this.clock.at(start).turn;
    this.due = new Map([[this.index, this.turn]]);
  }

  private shownIndex(): number {
    const { desk } = this;
    if (this.over.peek() === "phases") return Math.max(0, desk.phases.peek().indexOf(desk.stack.peek()!));
    const at = moves.position(desk, desk.activeViewport.peek().view.peek());
    return at ? Math.min(at.count - 1, Math.max(0, Math.round(at.index))) : 0;
  }

  private tick(run: number): void {
    if (run !== this.run || !this.playing.peek()) return;
    const elapsed = this.ticks.now() - this.begun_at;
    if (this.clock.over(elapsed)) {
      this.show(this.times.peek().length - 1);
      return this.stop();
    }
    const { index, turn } = this.clock.at(elapsed);
    if (turn > this.turn && index !== this.index && this.ready()) {
      this.turn = turn;
      this.index = index;
      this.due.set(index, turn);
      this.show(index);
    }
    this.ticks.frame(() => this.tick(run));
  }

  private show(index: number): void {
    if (this.over.peek() === "phases") showPhase(this.desk, index, true);
    else moves.showImage(this.desk, this.desk.activeViewport.peek(), index, true);
  }

  /** Another phase is other images, perhaps not in memory yet: only one is on its way. */
  private ready(): boolean {
    if (this.over.peek() === "images") return true;
    const { drawn, view, trouble } = this.desk.activeViewport.peek();
    return trouble.peek() !== null || drawn.peek()?.view.stack === view.peek()?.stack;
  }

  /** A picture came onto the screen. */
  private saw(): void {
    const drawn = this.desk.activeViewport.value.drawn.value;
    if (!this.playing.peek() || !drawn) return;
    const index =
      this.over.peek() === "phases"
        ? this.desk.phases.peek().findIndex(({ digest }) => digest === drawn.view.stack)
        : Math.round(moves.position(this.desk, drawn.view)?.index ?? -1);
    const turn = this.due.get(index);
    if (turn === undefined || turn <= this.last) return; // the same image again, or one from before
    this.missed += turn - this.last - 1;
    this.last = turn;
    const now = this.ticks.now();
    this.drawn_at = [...this.drawn_at.filter((at) => now - at < MEASURED_MS), now];
    if (now - this.told_at < TOLD_EVERY_MS) return;
    this.told_at = now;
    const span = now - this.drawn_at[0]!;
    this.measured.value = {
      fps: span > 0 ? ((this.drawn_at.length - 1) * 1000) / span : 0,
      skipped: this.missed,
    };
  }
}
