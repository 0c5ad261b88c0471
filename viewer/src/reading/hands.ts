/** What hands mean in a viewport: the tool of the left button or one finger, and the gestures that are always there. */

import type { Drag, Hands, Pinch, Pointer } from "../input/gestures";
import { Wheel, type WheelLike } from "../input/wheel";
import type { Vector2 } from "../geometry/vectors";
import { clips, undo } from "./commands";
import * as crosses from "./crosses";
import type { Desk, Tool } from "./desk";
import type { Pen } from "./pen";
import * as looks from "./looks";
import * as moves from "./moves";
import { isDeep, jump, turnAbout } from "./picking";
import { preferences } from "./preferences";
import * as slabs from "./slabs";
import * as turns from "./turns";
import { Twist } from "./twist";
import type { View } from "../stream/messages";
import type { Viewport } from "./viewport";

const PX_PER_IMAGE = 6; // of a finger or mouse that scrolls: a hand's width is some fifty images
const WHEEL_RESTS_MS = 140;
const MM_PER_NOTCH = 2; // a cut goes deeper
const REACH_PX: Record<Pointer, number> = { mouse: 12, touch: 22 }; // to a handle of the cross: 44 px for a finger
const GLIDE_MS = 325; // how fast a flicked stack slows down

/** What the left button or one finger does here when no tool was chosen, or the chosen one means nothing here. */
export function toolOf(tool: Tool | null, kind: View["kind"], pointer: Pointer): Tool | "turn" {
  if (kind === "curved") return tool && tool !== "cross" ? tool : "scroll";
  if (kind === "volume") return tool === "pan" || tool === "zoom" || tool === "window" ? tool : "turn";
  if (tool && (tool !== "cross" || kind === "plane")) return tool;
  if (pointer === "touch") return "scroll";
  return kind === "plane" ? "cross" : "window";
}

/** A short buzz that says: understood. */
function buzz(): void {
  if (preferences.peek().haptics) navigator.vibrate?.(12);
}

export class ViewportHands implements Hands {
  private readonly wheels = new Wheel();
  private scrolled = 0; // the part of an image that is not scrolled yet
  private panned: Vector2 = [0, 0]; // the part of a device pixel that is not panned yet
  private twisted = 0;
  private gliding = 0;
  private glides = false; // a flicked stack still moves
  private wheelTimer = 0;
  private readonly twist = new Twist();
  private turningFrom: Vector2 | null = null; // where the finger last was that turns the cross
  private drawing: Pen | null = null; // the pen that has this touch; decided when it begins
  private spoilt = false; // this touch draws nothing more
  private drew = false; // its last drag was the pen's
  private held: Vector2 = [0, 0]; // where a long press began
  private aiming = false; // a long press that will pick where it ends
  private takeBack: (() => void) | null = null; // what the last tap did, which may be half of a double tap
  private jumps = 0; // in curved pictures; the newest one counts

  constructor(
    private readonly desk: Desk,
    private readonly viewport: Viewport,
    /** Device pixels per CSS pixel. */
    private readonly density: () => number,
    /** A position in the viewport as a position on the page, CSS pixels. */
    private readonly onPage: (at: Vector2) => Vector2,
  ) {}

  press(): boolean {
    const stopped = this.glides;
    this.desk.active.value = this.viewport.role;
    this.gliding += 1;
    this.glides = false;
    this.scrolled = 0;
    this.panned = [0, 0];
    this.twisted = 0;
    this.turningFrom = null;
    this.aiming = false;
    this.twist.begin();
    this.drawing = this.pen;
    this.drew = false;
    this.spoilt = this.drawing?.busy ?? false;
    return stopped;
  }

  private get pen(): Pen | null {
    const pen = this.desk.pen.peek();
    return pen?.draws(this.viewport) ? pen : null;
  }

  drag(drag: Drag): void {
    const kind = this.viewport.view.peek()?.kind;
    if (!kind) return;
    const left = drag.fingers === 1 && drag.buttons === 1;
    this.drew = left && this.draws(drag.start, drag.at);
    if (this.drew) return;
    this.spoil(); // another button or finger has joined in
    if (drag.fingers >= 3) return this.both(preferences.peek().three_fingers, drag);
    if (drag.pointer === "mouse" && drag.buttons === 3) return this.both(preferences.peek().both_buttons, drag);
    if (drag.pointer === "mouse" && drag.buttons & 4) return this.act("pan", drag);
    if (drag.pointer === "mouse" && drag.buttons & 2) return this.act("zoom", drag);
    const tool = toolOf(this.desk.tool.value, kind, drag.pointer);
    const points = tool === "cross" || (drag.pointer === "touch" && this.desk.tool.value === null);
    if (points && this.turnsCross(drag)) return;
    return this.act(tool, drag);
  }

  /** Whether a drag is the pen's. One that was put away since, or has nothing to draw, still keeps tools out of it. */
  private draws(start: Vector2, at: Vector2): boolean {
    const { desk, drawing } = this;
    if (!drawing) return false;
    if (this.spoilt || desk.pen.peek() !== drawing) return true;
    return drawing.drag(this.viewport, this.device(start), this.device(at));
  }

  spoil(): void {
    this.spoilt = true;
    this.drawing?.spoil();
  }

  /** A volume has no images to scroll, so there it is always the opacity. */
  private both(hand: "window" | "scroll", drag: Drag): void {
    this.act(this.viewport.role === "volume" ? "window" : hand, drag);
  }

  /** A drag that began on a handle of the cross turns the other planes. */
  private turnsCross({ start, at, pointer }: Drag): boolean {
    const to = this.device(at);
    if (!this.turningFrom) {
      const from = this.device(start);
      const near = (handle: Vector2): boolean =>
        Math.hypot(handle[0] - from[0], handle[1] - from[1]) <= REACH_PX[pointer] * this.density();
      if (!crosses.crossOf(this.desk, this.viewport)?.handles.some(near)) return false;
      this.turningFrom = from;
    }
    crosses.turnCross(this.desk, this.viewport, this.turningFrom, to);
    this.turningFrom = to;
    if (pointer === "touch") this.viewport.loupe.value = to;
    return true;
  }

  pinch({ factor, degrees, dx, dy, at }: Pinch): void {
    this.spoil();
    this.pan(dx, dy);
    moves.zoom(this.viewport, factor, this.device(at), true);
    if (this.viewport.role !== "volume") {
      if (preferences.peek().twist) this.twist.turn(this.viewport, degrees, this.device(at));
      return;
    }
    this.twisted += degrees;
    if (Math.abs(this.twisted) < 10) return; // a pinch is never quite straight
    turns.twistBy(this.desk, this.viewport, degrees);
  }

  tap(at: Vector2, pointer: Pointer): void {
    const kind = this.viewport.view.peek()?.kind;
    this.takeBack = null;
    if (this.pen) return this.pen.tap(this.viewport, this.device(at));
    if (kind === "curved") return this.jump(at);
    if (kind !== "plane") return;
    // A tap points: with the mouse while the cross is the tool, with a finger always, for it scrolls otherwise.
    const tool = toolOf(this.desk.tool.value, kind, pointer);
    if (tool !== "cross" && (pointer !== "touch" || this.desk.tool.value !== null)) return;
    this.takeBack = crosses.remembered(this.desk);
    this.cross(at, false);
  }

  /** The planes go to what is seen there in the curved picture, as soon as the server has said what. */
  private jump(at: Vector2): void {
    const { desk } = this;
    const mine = ++this.jumps;
    const before = crosses.remembered(desk);
    this.takeBack = () => {
      this.jumps += 1;
      before();
      desk.toast.value = null; // it told of the jump
    };
    void jump(desk, this.viewport, this.device(at), () => mine === this.jumps);
  }

  doubleTap(at: Vector2, pointer: Pointer): void {
    const { desk, viewport } = this;
    if (this.pen) return this.pen.finish(viewport, this.device(at));
    // Its first tap was half of this one and pointed at nothing.
    this.takeBack?.();
    this.takeBack = null;
    if (viewport.role === "volume" && pointer === "touch") void turnAbout(desk, viewport, this.device(at));
    else if (desk.layout.value === "mpr") desk.maximised.value = desk.maximised.value ? null : viewport.role;
    else moves.fit(desk, viewport);
  }

  pairTap(): void {
    if (!preferences.peek().two_finger_undo) return;
    buzz();
    undo(this.desk);
  }

  hold(at: Vector2): void {
    const view = this.viewport.view.peek();
    if (!view) return;
    buzz();
    this.held = at;
    if (this.pen) return this.pen.finish(this.viewport, this.device(at));
    this.aiming = isDeep(view);
    if (this.aiming) this.aim(at);
    else this.menu(at);
  }

  aim(at: Vector2): void {
    if (this.aiming) this.viewport.loupe.value = this.device(at);
    else this.draws(this.held, at);
  }

  drop(at: Vector2): void {
    if (this.aiming) void jump(this.desk, this.viewport, this.device(at));
  }

  menu(at: Vector2): void {
    const { desk, viewport } = this;
    desk.active.value = viewport.role;
    desk.menu.value = { role: viewport.role, at: this.device(at), page: this.onPage(at) };
    desk.sheet.value = "menu";
  }

  flick([, vy]: Vector2, axis: "x" | "y"): void {
    const kind = this.viewport.view.peek()?.kind;
    if (!kind || this.drew || axis !== "y" || toolOf(this.desk.tool.value, kind, "touch") !== "scroll") return;
    const glide = ++this.gliding;
    this.glides = true;
    const start = performance.now();
    let done = 0;
    const advance = (): void => {
      if (glide !== this.gliding) return;
      const part = 1 - Math.exp(-(performance.now() - start) / GLIDE_MS);
      const way = vy * GLIDE_MS * part;
      this.scroll(way - done);
      done = way;
      if (part < 0.97) return void requestAnimationFrame(advance);
      this.glides = false;
      this.desk.rest();
    };
    requestAnimationFrame(advance);
  }

  rest(): void {
    this.viewport.loupe.value = null;
    this.aiming = false;
    if (this.drawing && this.drawing === this.desk.pen.peek()) this.drawing.lift(this.viewport);
    this.drawing = null;
    this.twist.settle(this.viewport);
    // A flick, which comes just before this, keeps the stack moving; it asks for the still itself.
    if (!this.glides) this.desk.rest();
  }

  wheel(event: WheelLike, at: Vector2): void {
    const { desk, viewport } = this;
    desk.active.value = viewport.role;
    const turned = this.wheels.turn(event);
    if (turned.does === "zoom") moves.zoom(viewport, turned.factor, this.device(at), true);
    else if (turned.does === "thickness" && viewport.role === "volume")
      void clips().then((c) => c.cutDeeper(desk, viewport, turned.steps * MM_PER_NOTCH));
    else if (turned.does === "thickness") slabs.addThickness(viewport, -turned.steps, true);
    else if (viewport.role === "volume") moves.zoom(viewport, Math.exp(-turned.steps / 8), this.device(at), true);
    else moves.scroll(desk, viewport, turned.steps, true);
    // A wheel has no key-up: it rests when it has been still for a moment.
    clearTimeout(this.wheelTimer);
    this.wheelTimer = window.setTimeout(() => desk.rest(), WHEEL_RESTS_MS);
  }

  private act(tool: Tool | "turn", { dx, dy, at, start, axis, pointer, fingers }: Drag): void {
    const { desk, viewport } = this;
    const density = this.density();
    if (tool === "turn") turns.turn(desk, viewport, dx * density, dy * density);
    else if (tool === "pan") this.pan(dx, dy);
    else if (tool === "zoom") moves.zoom(viewport, Math.exp(-dy / 200), this.device(start), true);
    else if (tool === "scroll") this.scroll(dy);
    else if (tool === "cross") {
      this.cross(at, true);
      if (pointer === "touch") this.viewport.loupe.value = this.device(at);
    } else if (pointer === "touch" && fingers === 1)
      looks.dragWindow(desk, viewport, axis === "x" ? dx : 0, axis === "y" ? dy : 0);
    else looks.dragWindow(desk, viewport, dx, dy);
  }

  private pan(dx: number, dy: number): void {
    const density = this.density();
    const [x, y] = [this.panned[0] + dx * density, this.panned[1] + dy * density];
    this.panned = [x - Math.round(x), y - Math.round(y)];
    moves.pan(this.viewport, x, y, true);
  }

  private scroll(dy: number): void {
    this.scrolled += dy / PX_PER_IMAGE;
    const steps = Math.trunc(this.scrolled);
    this.scrolled -= steps;
    moves.scroll(this.desk, this.viewport, steps, true);
  }

  private cross(at: Vector2, moving: boolean): void {
    crosses.crossTo(this.desk, this.viewport, this.device(at), moving);
  }

  private device([x, y]: Vector2): Vector2 {
    const density = this.density();
    return [x * density, y * density];
  }
}
