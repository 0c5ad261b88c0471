/**
 * One WebSocket for all viewports of the page.
 *
 * A view is absolute, so nothing here is a queue: per viewport only the newest is kept, it leaves at most once per
 * animation frame, and a socket that does not drain sends none. After a cut the page reconnects and sends every view
 * once; the server may forget us.
 */

import { decode, encode } from "@msgpack/msgpack";
import { batch, signal } from "@preact/signals";
import { isFrame, parseFrame, type Frame } from "./frame";
import { Line } from "./line";
import type { Edit, FromViewer, Palette, Preset, ToViewer, Trouble, View } from "./messages";

export interface Wanted {
  width: number;
  height: number;
  moving: boolean;
  view: View;
}

/** What a connection needs of a viewport. */
export interface Surface {
  /** The view left as input number `input`. */
  sent(input: number, wanted: Wanted): void;
  /** Draw it and acknowledge it by `Connection.shown`. */
  draw(frame: Frame): void;
  progress(done: number, total: number): void;
  refuse(trouble: Trouble): void;
  /** A new connection: sequences start again. */
  restart(): void;
}

/** The browser's part, so that a test can pass its own. */
export interface World {
  open(): WebSocket;
  now(): number;
  frame(callback: () => void): void;
  after(ms: number, callback: () => void): void;
  hidden(): boolean;
}

interface Slot {
  surface: Surface;
  wanted: Wanted | null;
  waiting: boolean;
  known: boolean; // the server has heard of it on this line
  tick: number; // the animation frame in which it last sent
  sent: Map<number, number>; // input that moved → when it left
  timed: number; // the newest input whose frame was timed: a still repeats one and would tell of the pause
}

// A renderer that died is back in a few seconds, and a doctor waits for it; a server that is away is not to be stormed.
const BACK_OFF_MS = [200, 300, ...Array<number>(12).fill(500), 1000, 2000, 3000, 5000];
const NOT_UNDERSTOOD = 1007; // RFC 6455 7.4.1: the server could not read what we sent
const UNSENT_BYTES = 16 * 1024; // some fifty views; beyond it newer ones replace the one that waits here
const LOOK_MS = 1000;
const ANSWER_MS = 5000; // a volume that is still being loaded answers no sooner; a finger waits no longer

export class Connection {
  readonly state = signal<"closed" | "connecting" | "open" | "lost">("closed");
  /** How many kernels a server that is not ready has compiled, as "3/12". */
  readonly preparing = signal("");
  readonly presets = signal<Preset[]>([]);
  readonly palettes = signal<Palette[]>([]);
  /** A trouble that concerns no single viewport. */
  readonly trouble = signal<{ code: string; detail: string } | null>(null);
  readonly line: Line;
  /** Called when a connection could not be opened: perhaps the session has ended. */
  refused: () => void = () => undefined;
  /** Called when the server could not read something that we sent: what is unanswered may not be sent again. */
  misread: () => void = () => undefined;

  private socket: WebSocket | null = null;
  private readonly slots = new Map<number, Slot>();
  private input = 0;
  private tick = 0;
  private ticking = false;
  private tries = 0;
  /** The edits of labelmaps in their order; after a reconnect they go before the views that need them. */
  edits: readonly Edit[] = [];
  /** What parts of the page listen to, by a message's `t`: what is told more than once, or after long. */
  readonly hear: { [T in ToViewer as T["t"]]?: (message: T) => void } = {};

  private readonly questions = new Map<number, (answer: never) => void>();
  private asked = 0;

  constructor(private readonly world: World) {
    this.line = new Line(world.now, (n) => this.send({ t: "ping", n }));
  }

  /** Connect, and stay connected until `close`. */
  open(): void {
    if (this.state.value === "closed") this.connect();
  }

  close(): void {
    const { socket } = this;
    this.socket = null;
    this.state.value = "closed";
    this.tries = 0;
    socket?.close();
    this.dropQuestions();
  }

  /** Nobody will answer on a line that is gone. */
  private dropQuestions(): void {
    for (const n of [...this.questions.keys()]) this.answer(n, null);
  }

  attach(viewport: number, surface: Surface): void {
    this.slots.set(viewport, { surface, wanted: null, waiting: false, known: false, tick: -1, sent: new Map(), timed: 0 });
  }

  detach(viewport: number): void {
    if (this.slots.delete(viewport)) this.send({ t: "close", viewport });
  }

  /** Show this; it leaves at once, or with the next animation frame when another has just left. */
  show(viewport: number, wanted: Wanted): void {
    const slot = this.slots.get(viewport);
    if (!slot) return;
    slot.wanted = wanted;
    slot.waiting = true;
    this.flush();
  }

  /** Make another labelmap; sent again after each reconnect. */
  edit(edit: Edit): void {
    this.edits = [...this.edits, edit];
    this.send(edit);
  }

  /** Send what the server has forgotten: the labelmaps' edits, then every view. */
  again(): void {
    for (const edit of this.edits) this.send(edit);
    for (const slot of this.slots.values()) slot.waiting = slot.wanted !== null;
    this.flush();
  }

  /**
   * Ask something that is answered with the same n; null when nobody answers: the line is cut, or it takes too long. A
   * server that was not shown the viewport would answer that nothing is there, which is not true.
   */
  ask<Answer>(question: (n: number) => FromViewer & { viewport: number }): Promise<Answer | null> {
    const n = this.asked + 1;
    const asked = question(n);
    if (this.state.peek() !== "open" || !this.slots.get(asked.viewport)?.known) return Promise.resolve(null);
    this.asked = n;
    return new Promise((resolve) => {
      this.questions.set(n, resolve);
      this.world.after(ANSWER_MS, () => this.answer(n, null));
      this.send(asked);
    });
  }

  private answer(n: number, answer: ToViewer | null): void {
    const resolve = this.questions.get(n);
    this.questions.delete(n);
    resolve?.(answer as never);
  }

  /** The frame was drawn, or dropped because a newer one already is. */
  shown(frame: Frame, drawn: boolean): void {
    const slot = this.slots.get(frame.viewport);
    const sent_at = slot?.sent.get(frame.input);
    if (slot && sent_at !== undefined && drawn && !frame.final && frame.input > slot.timed) {
      slot.timed = frame.input;
      this.line.drawn(frame, sent_at);
    }
    for (const input of slot?.sent.keys() ?? []) if (input < frame.input) slot!.sent.delete(input);
    const { level } = this.line.quality;
    this.send({ t: "shown", viewport: frame.viewport, sequence: frame.sequence, level });
  }

  /** The page was hidden or can be seen again. */
  visible(visible: boolean): void {
    this.send({ t: "visible", visible });
    if (visible) this.flush();
  }

  private connect(): void {
    this.state.value = this.tries ? "lost" : "connecting";
    const socket = this.world.open();
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    let opened = false;
    const current = (): boolean => socket === this.socket;
    socket.onopen = () => {
      opened = true;
      if (current()) this.opened(socket);
    };
    socket.onmessage = (event: MessageEvent) => {
      if (current()) this.receive(event.data as ArrayBuffer);
    };
    socket.onclose = (event: CloseEvent) => {
      if (!current()) return;
      if (event.code === NOT_UNDERSTOOD) {
        this.trouble.value = { code: "invalid_message", detail: "" };
        this.misread();
      }
      this.preparing.value = event.reason;
      this.lost(opened);
    };
  }

  private opened(socket: WebSocket): void {
    // Who waits for the line may ask about pictures: these go first.
    batch(() => {
      this.state.value = "open";
      if (this.world.hidden()) this.send({ t: "visible", visible: false });
      for (const slot of this.slots.values()) {
        slot.surface.restart();
        slot.sent.clear();
        slot.known = false;
        slot.tick = -1;
      }
      this.again();
    });
    this.line.start();
    this.watch(socket);
  }

  private watch(socket: WebSocket): void {
    this.world.after(LOOK_MS, () => {
      if (socket !== this.socket) return;
      if (this.world.hidden() || this.line.alive()) return this.watch(socket);
      this.lost(true);
      socket.close();
    });
  }

  private lost(opened: boolean): void {
    this.socket = null;
    this.state.value = "lost";
    this.dropQuestions();
    if (!opened) this.refused();
    const wait = BACK_OFF_MS[Math.min(this.tries, BACK_OFF_MS.length - 1)]!;
    this.tries += 1;
    this.world.after(wait, () => {
      if (this.state.value === "lost" && !this.socket) this.connect();
    });
  }

  private receive(data: ArrayBuffer): void {
    this.line.heard();
    if (isFrame(data)) {
      const frame = parseFrame(data);
      if (frame) this.line.came(frame);
      if (frame) this.slots.get(frame.viewport)?.surface.draw(frame);
      return;
    }
    const message = decode(data) as ToViewer;
    if (message.t === "welcome") {
      this.presets.value = message.presets;
      this.palettes.value = message.palettes;
      this.line.levels = message.levels.length;
    } else if (message.t === "pong") {
      // Pings follow the views: a server that closes because of a view never answers, and is asked ever more rarely.
      this.tries = 0;
      this.line.answered(message.n);
    } else if (message.t === "loading") {
      this.slots.get(message.viewport)?.surface.progress(message.done, message.total);
    } else if (message.t === "trouble") {
      const { viewport, code, detail = "" } = message;
      if (viewport === null) this.trouble.value = { code, detail };
      else this.slots.get(viewport)?.surface.refuse(message);
    } else if (message.t in this.hear) {
      (this.hear[message.t] as (told: ToViewer) => void)(message);
    } else if ("n" in message) this.answer(message.n, message);
  }

  /** Send each viewport's newest view, at most one per animation frame. */
  private flush(): void {
    let again = false;
    for (const [viewport, slot] of this.slots) {
      if (!slot.waiting || !slot.wanted || this.state.value !== "open") continue;
      again = true;
      if (slot.tick === this.tick || this.socket!.bufferedAmount > UNSENT_BYTES) continue;
      slot.waiting = false;
      slot.known = true;
      slot.tick = this.tick;
      this.input += 1;
      // What rests is first shown in full size, and slowly: it tells nothing of the line.
      if (slot.wanted.moving) slot.sent.set(this.input, this.world.now());
      slot.surface.sent(this.input, slot.wanted);
      this.line.busy();
      this.send({ t: "show", viewport, input: this.input, ...slot.wanted });
    }
    if (!again || this.ticking) return;
    this.ticking = true;
    this.world.frame(() => {
      this.ticking = false;
      this.tick += 1;
      this.flush();
    });
  }

  send(message: FromViewer): void {
    // An absent optional field must be absent, not nil: the server takes its default.
    if (this.state.value === "open") this.socket?.send(encode(message, { ignoreUndefined: true }));
  }
}
