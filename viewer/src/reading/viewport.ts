/**
 * One viewport of the page: the view it wants, the picture it shows, and the view that this picture belongs to.
 *
 * Texts, letters and the scale bar follow `drawn`, not `view`: they must agree with the pixels on the screen even
 * when the line is slow and the finger is far ahead.
 */

import { batch, signal } from "@preact/signals";
import { fit, framed, type Size } from "../geometry/camera";
import type { Plane } from "../geometry/grid";
import type { Vector, Vector2 } from "../geometry/vectors";
import type { Connection, Surface, Wanted } from "../stream/connection";
import type { Frame } from "../stream/frame";
import type { FromViewer, Picked, Surveyed, Trouble, View, VolumeView } from "../stream/messages";
import { Screen, type Drawn } from "../stream/screen";

/** Of a curve through the patient: a curved reformat along it, and a section across it. */
export const ALONG = ["section", "curved"] as const;
export type Role = "stack" | Plane | "volume" | (typeof ALONG)[number];

/** What a viewport asks of the server, without what says who asks. */
type Question = { [T in FromViewer as T["t"]]: T extends { viewport: number; n: number } ? Omit<T, "viewport" | "n"> : never }[FromViewer["t"]];

let ids = 0;

/** What a survey is about. */
export const aboutOf = ({ stack, preset }: VolumeView): string => `${stack} ${preset}`;

export class Viewport implements Surface {
  readonly view = signal<View | null>(null);
  readonly size = signal<Size>({ width: 0, height: 0 });
  /** Whether the canvas' pixels are the display's; not on a display with more of them than a frame may have. */
  readonly sharp = signal(true);
  readonly drawn = signal<{ frame: Drawn; view: View } | null>(null);
  /** A finger or key is down, and more is to come. */
  readonly moving = signal(false);
  readonly loading = signal<{ done: number; total: number } | null>(null);
  readonly trouble = signal<Trouble | null>(null);
  /** What a finger hides and the loupe shows, canvas pixels; null while nothing is placed. */
  readonly loupe = signal<Vector2 | null>(null);
  /** What the server told last of a volume's values and a preset's curve; see `aboutOf`. */
  readonly told = signal<{ about: string; answer: Surveyed } | null>(null);
  /** Canvas pixels per CSS pixel. */
  density = 1;
  /** Whether the picture should fill the viewport when its size changes: until someone zooms or pans. */
  fitted = true;
  /** The digests of the set that is open: a picture of another phase of it may still come while one moves on. */
  kin: ReadonlySet<string> = new Set();

  private id = 0;
  private asking: { about: string; answer: Promise<Surveyed | null> } | null = null;
  private screen: Screen | null = null;
  /** What is seen when all of it is: patient points, or millimetres of the image or the curved picture. */
  corners: Vector[] = [];
  private asked = "";
  private readonly sentViews = new Map<number, View>();
  private newest = 0;
  private refused = 0;

  constructor(
    readonly role: Role,
    private readonly connection: Connection,
    private readonly ondrawn: (viewport: Viewport, drawn: Drawn, view: View) => void,
  ) {}

  /** Show on this canvas; each mount is a new viewport to the server, so that no old frame is taken for a new one. */
  mount(canvas: HTMLCanvasElement, size: Size, sharp: boolean): void {
    ids += 1;
    this.id = ids;
    this.asked = "";
    this.screen = new Screen(
      canvas,
      (frame) => this.viewOf(frame.input) !== null,
      (frame, drawn) => this.connection.shown(frame, drawn),
      (drawn) => this.report(drawn),
    );
    this.connection.attach(this.id, this);
    this.resize(size, sharp);
  }

  unmount(): void {
    this.connection.detach(this.id);
    this.screen?.restart();
    this.screen = null;
    this.drawn.value = this.loading.value = null;
    this.sentViews.clear();
  }

  resize(size: Size, sharp: boolean): void {
    this.size.value = size;
    this.sharp.value = sharp;
    const view = this.view.peek();
    if (view) this.set(this.fitted ? this.fitView(view) : view, this.moving.peek());
  }

  /** Show something else: the old picture goes at once, so that it never stands under the new one's texts. */
  open(view: View, corners: Vector[]): void {
    this.clear();
    this.place(view, corners);
  }

  /** Show `view` from where all of it is seen. */
  place(view: View, corners: Vector[]): void {
    this.corners = corners;
    this.fitted = true;
    this.set(this.fitView(view), false);
  }

  /** A view as it was; one that filled the viewport fills it again, whatever size it has by now. */
  restore(view: View, fitted: boolean): void {
    this.fitted = fitted;
    this.set(fitted ? this.fitView(view) : view, false);
  }

  clear(): void {
    this.screen?.clear();
    this.asked = "";
    this.moving.value = false;
    this.view.value = this.drawn.value = this.loading.value = this.trouble.value = null;
  }

  /** The newest view; `moving` while a finger or key is down. */
  set(view: View, moving: boolean): void {
    this.view.value = view;
    this.moving.value = moving;
    const { width, height } = this.size.peek();
    if (!this.screen || width === 0 || height === 0) return; // squeezed to nothing: a phone's keyboard can do that
    const wanted: Wanted = { width, height, moving, view };
    const text = JSON.stringify(wanted);
    if (text === this.asked) return; // the server already knows, and after a cut the connection tells it again
    this.asked = text;
    this.connection.show(this.id, wanted);
  }

  /** Fingers and keys are up: ask for the still. */
  rest(): void {
    const view = this.view.peek();
    if (view && this.moving.peek()) this.set(view, false);
  }

  /** Ask about this viewport; null when nobody answers. */
  ask<Answer>(question: Question): Promise<Answer | null> {
    return this.connection.ask((n) => ({ ...question, viewport: this.id, n }) as FromViewer & { viewport: number });
  }

  /** A canvas position as a pixel of the picture that is drawn. */
  pixelAt([x, y]: Vector2, { full_width, full_height }: Drawn): Vector2 {
    const { width, height } = this.size.peek();
    const { stretch } = this;
    return [(x - width / 2) / stretch + full_width / 2, (y - height / 2) / stretch + full_height / 2];
  }

  /** Ask what is seen at a canvas position of the picture that is drawn; null when there is no picture or no answer. */
  async pick(at: Vector2): Promise<Picked | null> {
    const drawn = this.drawn.peek();
    if (!drawn) return null;
    const { view, frame } = drawn;
    return this.ask({ t: "pick", at: this.pixelAt(at, frame), width: frame.full_width, height: frame.full_height, view });
  }

  /** Ask for the values of the volume and the curve of its preset, unless they are known; null when nobody answers. */
  async survey(): Promise<Surveyed | null> {
    const view = this.view.peek();
    if (view?.kind !== "volume") return null;
    const about = aboutOf(view);
    // The server answers the newest question only, so that all who ask the same wait for the same answer.
    if (this.asking?.about !== about) {
      const answer = this.ask<Surveyed>({ t: "survey", view }).then((said) => {
        const known = said?.curve.length ? said : null;
        if (this.asking?.answer !== answer) return known;
        if (known) this.told.value = { about, answer: known };
        else this.asking = null;
        return known;
      });
      this.asking = { about, answer };
    }
    return this.asking.answer;
  }

  /** The answer for the volume and the preset that are asked for; null until it has come. */
  get surveyed(): Surveyed | null {
    const [view, told] = [this.view.value, this.told.value];
    return view?.kind === "volume" && told?.about === aboutOf(view) ? told.answer : null;
  }

  /** Whether the picture's pixels are the display's, one to one. */
  get oneToOne(): boolean {
    const frame = this.drawn.value?.frame;
    const { width, height } = this.size.value;
    return this.sharp.value && frame !== undefined && frame.width === width && frame.height === height;
  }

  /** Canvas pixels per pixel of the drawn frame's viewport; not 1 when it was resized and the new picture is to come. */
  get stretch(): number {
    const frame = this.drawn.value?.frame;
    const { width, height } = this.size.value;
    return frame ? Math.min(width / frame.full_width, height / frame.full_height) : 1;
  }

  private fitView(view: View): View {
    const size = this.size.peek();
    if (size.width === 0 || size.height === 0 || this.corners.length === 0) return view;
    return framed(view, (camera) => fit(camera, size, this.corners as never));
  }

  // ── what the connection calls ──

  sent(input: number, wanted: Wanted): void {
    this.newest = input;
    this.sentViews.set(input, wanted.view);
  }

  draw(frame: Frame): void {
    void this.screen?.draw(frame);
  }

  restart(): void {
    this.screen?.restart();
  }

  progress(done: number, total: number): void {
    this.loading.value = done < total ? { done, total } : null;
  }

  refuse(trouble: Trouble): void {
    this.refused = this.newest;
    this.loading.value = null;
    this.trouble.value = trouble;
  }

  private report(drawn: Drawn): void {
    const view = this.viewOf(drawn.input);
    if (!view) return;
    for (const input of this.sentViews.keys()) if (input < drawn.input) this.sentViews.delete(input);
    batch(() => {
      this.drawn.value = { frame: drawn, view };
      this.loading.value = null;
      // What was on its way before is drawn after it was refused: another image's picture ends no trouble of this one.
      if (drawn.input >= this.refused) this.trouble.value = null;
    });
    this.ondrawn(this, drawn, view);
  }

  /** The view that left as this input; null when the page has moved on to other images since. */
  private viewOf(input: number): View | null {
    const view = this.sentViews.get(input);
    const now = this.view.peek();
    if (!view || !now || view.series !== now.series) return null;
    return view.stack === now.stack || (this.kin.has(view.stack) && this.kin.has(now.stack)) ? view : null;
  }
}
