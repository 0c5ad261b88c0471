/**
 * Fingers and mouse to gestures: drag, pinch, tap, double tap, long press, two-finger tap, flick.
 *
 * One finger waits for 8 px before it means anything and then keeps its axis; a second finger cancels the first one's
 * meaning; a finger that stays after a pinch means nothing until all are up; a finger that has stayed for half a
 * second aims until it is up. Positions are CSS pixels in the element, times are the events' own, so a test can play a
 * recorded hand.
 */

import type { Vector2 } from "../geometry/vectors";

export type Pointer = "mouse" | "touch";

export interface Drag {
  fingers: number;
  /** The mouse's buttons as in PointerEvent.buttons; 1 for fingers. */
  buttons: number;
  pointer: Pointer;
  at: Vector2;
  start: Vector2;
  dx: number;
  dy: number;
  /** The direction in which a single finger left its dead zone. */
  axis: "x" | "y";
}

export interface Pinch {
  factor: number;
  degrees: number;
  dx: number;
  dy: number;
  at: Vector2;
}

/** What a viewport does with hands. */
export interface Hands {
  /** The first finger or button is down; true when that was all it was for: it stopped a picture that glided. */
  press(): boolean;
  drag(drag: Drag): void;
  pinch(pinch: Pinch): void;
  tap(at: Vector2, pointer: Pointer): void;
  doubleTap(at: Vector2, pointer: Pointer): void;
  /** Two fingers touched the glass for a moment. */
  pairTap(at: Vector2): void;
  /** A finger has stayed for half a second; it then aims as it moves, and drops where it leaves the glass. */
  hold(at: Vector2): void;
  aim(at: Vector2): void;
  drop(at: Vector2): void;
  /** A second finger is down, or the browser took the touch away: what the first one did was not meant. */
  spoil(): void;
  /** The right button was pressed and let go in one place. */
  menu(at: Vector2): void;
  /** A single finger left the glass at this speed, CSS pixels per millisecond. */
  flick(velocity: Vector2, axis: "x" | "y"): void;
  /** The last finger or button is up. */
  rest(): void;
}

export interface Contact {
  id: number;
  at: Vector2;
  time: number;
  pointer: Pointer;
  buttons: number;
}

/** Call back after some milliseconds, unless the returned function is called before. */
export type After = (ms: number, callback: () => void) => () => void;

const timer: After = (ms, callback) => {
  const id = setTimeout(callback, ms);
  return () => clearTimeout(id);
};

const DEAD_ZONE: Record<Pointer, number> = { touch: 8, mouse: 2 };
const DOUBLE_MS = 300;
const DOUBLE_PX = 30;
const HOLD_MS = 500;
const PAIR_TAP_MS = 300;
const FLICK = 0.35;

const middle = (a: Vector2, b: Vector2): Vector2 => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
const apart = (a: Vector2, b: Vector2): number => Math.hypot(a[0] - b[0], a[1] - b[1]);
const angle = (a: Vector2, b: Vector2): number => (Math.atan2(b[1] - a[1], b[0] - a[0]) * 180) / Math.PI;

export class Gestures {
  private readonly contacts = new Map<number, Contact>();
  private start: Contact | null = null;
  private axis: "x" | "y" | null = null;
  private most = 0; // the most fingers since the first went down
  private buttons = 0; // every button since the first went down
  private spent = false; // this touch has already done what it was for
  private held = false;
  private stopWaiting: () => void = () => undefined;
  private trail: Contact[] = []; // of the last 80 ms, for the speed of a flick
  private tapped: Contact | null = null;
  private landed = new Map<number, Vector2>(); // where the fingers were when the newest of several came down
  private told = new Map<number, Vector2>(); // where the hands last heard that they are
  private together = false; // several fingers have left their dead zone

  constructor(
    private readonly hands: Hands,
    private readonly after: After = timer,
  ) {}

  down(contact: Contact): void {
    if (this.contacts.size === 0) this.first(contact);
    else {
      this.stopWaiting();
      this.hands.spoil();
    }
    this.contacts.set(contact.id, contact);
    this.most = Math.max(this.most, this.contacts.size);
    this.landed = new Map([...this.contacts.values()].map(({ id, at }) => [id, at]));
    this.told = new Map(this.landed);
    this.together = false;
  }

  private first(contact: Contact): void {
    this.most = 0;
    this.axis = null;
    this.held = false;
    this.buttons = contact.buttons;
    this.start = contact;
    this.trail = [contact];
    this.spent = this.hands.press();
    if (contact.pointer !== "touch" || this.spent) return;
    this.stopWaiting = this.after(HOLD_MS, () => {
      this.held = true;
      this.hands.hold(this.contacts.get(contact.id)?.at ?? contact.at);
    });
  }

  move(contact: Contact): void {
    const before = this.contacts.get(contact.id);
    if (!before || !this.start) return;
    this.buttons |= contact.buttons;
    const { size } = this.contacts;
    this.contacts.set(contact.id, contact);
    if (size === 1) {
      if (this.most === 1) this.single(before, contact);
    } else if (!this.held && size === this.most) this.several(contact);
  }

  up(id: number, time: number): void {
    const contact = this.contacts.get(id);
    if (!contact || !this.contacts.delete(id) || this.contacts.size > 0) return;
    this.stopWaiting();
    if (this.most === 1 && this.held) this.hands.drop(contact.at);
    else if (this.most === 1 && this.axis === null) this.tap({ ...contact, time });
    else if (this.most === 1 && contact.pointer === "touch") this.release(contact, time);
    else if (this.most === 2 && !this.held) this.pairTap(time);
    this.start = null;
    this.hands.rest();
  }

  cancel(): void {
    if (this.contacts.size === 0) return;
    this.stopWaiting();
    this.contacts.clear();
    this.start = null;
    this.hands.spoil();
    this.hands.rest();
  }

  private single(before: Contact, contact: Contact): void {
    if (this.held) return this.hands.aim(contact.at);
    const from = this.start!;
    this.trail = [...this.trail.filter(({ time }) => contact.time - time < 80), contact];
    if (this.axis === null) {
      const [x, y] = [contact.at[0] - from.at[0], contact.at[1] - from.at[1]];
      if (Math.hypot(x, y) < DEAD_ZONE[contact.pointer]) return;
      this.stopWaiting();
      this.axis = Math.abs(x) > Math.abs(y) ? "x" : "y";
      return; // what it took to leave the dead zone moves nothing: the picture must not jump
    }
    this.emit(contact, contact.at[0] - before.at[0], contact.at[1] - before.at[1]);
  }

  /**
   * Two fingers pinch, more drag together. What is under them stays under them, so that leaving their dead zone is
   * told at once and whole.
   */
  private several(contact: Contact): void {
    const moved = (id: number, at: Vector2): boolean => apart(at, this.landed.get(id)!) >= DEAD_ZONE.touch;
    this.together ||= [...this.contacts.values()].some(({ id, at }) => moved(id, at));
    if (!this.together) return;
    const was = this.told.get(contact.id)!;
    if (this.contacts.size === 2) {
      const other = [...this.contacts.values()].find(({ id }) => id !== contact.id)!;
      this.pair(was, contact.at, this.told.get(other.id)!, other.at);
      this.told.set(other.id, other.at);
    } else {
      const share = 1 / this.contacts.size; // each finger moves the hand's centre by its share
      this.emit(contact, (contact.at[0] - was[0]) * share, (contact.at[1] - was[1]) * share);
    }
    this.told.set(contact.id, contact.at);
  }

  private emit(contact: Contact, dx: number, dy: number): void {
    const { at, pointer, buttons } = contact;
    const axis = this.axis ?? "y";
    this.hands.drag({ fingers: this.contacts.size, buttons, pointer, at, start: this.start!.at, dx, dy, axis });
  }

  private pair(a: Vector2, a2: Vector2, b: Vector2, b2: Vector2): void {
    const [was, is] = [middle(a, b), middle(a2, b2)];
    const turned = angle(b2, a2) - angle(b, a);
    this.hands.pinch({
      factor: Math.max(1, apart(a2, b2)) / Math.max(1, apart(a, b)),
      degrees: ((turned + 540) % 360) - 180,
      dx: is[0] - was[0],
      dy: is[1] - was[1],
      at: is,
    });
  }

  private tap(contact: Contact): void {
    if (this.spent) return;
    if (this.buttons !== 1) {
      if (this.buttons === 2) this.hands.menu(contact.at);
      return;
    }
    const { tapped } = this;
    const second = tapped && contact.time - tapped.time < DOUBLE_MS && apart(contact.at, tapped.at) < DOUBLE_PX;
    this.tapped = second ? null : contact;
    if (second) this.hands.doubleTap(contact.at, contact.pointer);
    else this.hands.tap(contact.at, contact.pointer);
  }

  private pairTap(time: number): void {
    const [a, b] = [...this.landed.values()];
    if (!this.together && this.axis === null && a && b && time - this.start!.time < PAIR_TAP_MS)
      this.hands.pairTap(middle(a, b));
  }

  private release(contact: Contact, time: number): void {
    const first = this.trail.find((c) => time - c.time < 80);
    if (!first || contact.time - first.time < 8) return;
    const span = contact.time - first.time;
    const velocity: Vector2 = [(contact.at[0] - first.at[0]) / span, (contact.at[1] - first.at[1]) / span];
    if (Math.hypot(...velocity) > FLICK) this.hands.flick(velocity, this.axis!);
  }
}

/** Listen to an element's Pointer Events; returns how to stop. */
export function listen(element: HTMLElement, hands: Hands): () => void {
  const gestures = new Gestures(hands);
  const contact = (event: PointerEvent): Contact => {
    const box = element.getBoundingClientRect();
    const pointer = event.pointerType === "mouse" ? "mouse" : "touch";
    const at: Vector2 = [event.clientX - box.left, event.clientY - box.top];
    return { id: event.pointerId, at, time: event.timeStamp, pointer, buttons: event.buttons || 1 };
  };
  const elsewhere = ({ target }: Event): boolean => target instanceof Element && !!target.closest("[data-own-hands]");
  const down = (event: PointerEvent): void => {
    if (elsewhere(event)) return;
    try {
      element.setPointerCapture(event.pointerId);
    } catch {
      // A synthetic pointer of a test cannot be captured; the gesture works without.
    }
    gestures.down(contact(event));
  };
  const move = (event: PointerEvent): void => gestures.move(contact(event));
  const up = (event: PointerEvent): void => gestures.up(event.pointerId, event.timeStamp);
  const cancel = (): void => gestures.cancel();
  const stay = (event: Event): void => event.preventDefault();
  // No click follows: it would press what a long press has just put under the finger.
  const lift = (event: TouchEvent): void => void (!elsewhere(event) && event.cancelable && event.preventDefault());
  element.addEventListener("pointerdown", down);
  element.addEventListener("pointermove", move);
  element.addEventListener("pointerup", up);
  element.addEventListener("pointercancel", cancel);
  element.addEventListener("touchend", lift, { passive: false });
  element.addEventListener("contextmenu", stay);
  element.addEventListener("gesturestart", stay); // Safari's own page zoom
  return () => {
    gestures.cancel();
    element.removeEventListener("pointerdown", down);
    element.removeEventListener("pointermove", move);
    element.removeEventListener("pointerup", up);
    element.removeEventListener("pointercancel", cancel);
    element.removeEventListener("touchend", lift);
    element.removeEventListener("contextmenu", stay);
    element.removeEventListener("gesturestart", stay);
  };
}
