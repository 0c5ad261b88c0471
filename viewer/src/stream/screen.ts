/**
 * The canvas of one viewport: frames in, pixels and acknowledgements out.
 *
 * The canvas has the size of the frame's viewport in device pixels, so that a full frame is drawn 1:1 and a resized
 * viewport shows the old picture whole, larger or smaller, until the new one comes. A final frame is read back after drawing and its
 * raw pixels are hashed: what is checked is what the eye sees, behind the decoder and the canvas.
 */

import { decodePicture } from "./decode";
import type { Frame } from "./frame";
import DigestWorker from "./digest.worker?worker";

export interface Drawn {
  viewport: number;
  sequence: number;
  input: number;
  final: boolean;
  interpolated: boolean;
  /** An overlay or a shutter covers some pixels. */
  covered: boolean;
  codec: number;
  level: number;
  /** Of the encoded picture and of the viewport it stands for. */
  width: number;
  height: number;
  full_width: number;
  full_height: number;
  bytes: number;
  render_ms: number;
  encode_ms: number;
  /** Whether the digest of the drawn pixels equals the frame's; null until known, and for frames without one. */
  verified: boolean | null;
  /** performance.now() right after drawing. */
  drawn_at: number;
}

let worker: Worker | null = null;
let questions = 0;

/** SHA-256 of a canvas' raw pixels, worked out beside the page. */
function digestOf(rgba: Uint8ClampedArray, colour: boolean): Promise<Uint8Array | null> {
  worker ??= new DigestWorker();
  const asked = worker;
  const n = ++questions;
  return new Promise((resolve) => {
    const answer = (event: MessageEvent<{ n: number; digest: Uint8Array | null }>): void => {
      if (event.data.n !== n) return;
      asked.removeEventListener("message", answer);
      resolve(event.data.digest);
    };
    asked.addEventListener("message", answer);
    asked.postMessage({ n, rgba: rgba.buffer, colour }, [rgba.buffer]);
  });
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

export class Screen {
  private readonly context: CanvasRenderingContext2D;
  private newest = 0;
  private life = 0;
  private cleared = 0;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly accepts: (frame: Frame) => boolean,
    private readonly acknowledge: (frame: Frame, drawn: boolean) => void,
    private readonly ondrawn: (drawn: Drawn) => void,
  ) {
    // Read back at every rest: pixels that stay in memory are read in a millisecond and never rounded by a GPU.
    this.context = canvas.getContext("2d", { alpha: false, willReadFrequently: true })!;
  }

  clear(): void {
    this.cleared += 1; // what is being hashed is on the screen no more
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** A new connection: its sequences start at 1, and what is still being decoded belongs to the old one. */
  restart(): void {
    this.newest = 0;
    this.life += 1;
  }

  async draw(frame: Frame): Promise<void> {
    const { life } = this;
    const stale = (): boolean => frame.sequence < this.newest || !this.accepts(frame);
    if (stale()) return this.acknowledge(frame, false);
    const picture = await decodePicture(frame.codec, frame.picture).catch(() => null);
    if (life !== this.life) return picture?.free();
    if (!picture || stale()) {
      picture?.free();
      return this.acknowledge(frame, false);
    }
    this.newest = frame.sequence;
    try {
      this.paint(frame, picture.image);
    } catch {
      return this.acknowledge(frame, false); // one that is never acknowledged would hold a place for ever
    } finally {
      picture.free();
    }
    const drawn = report(frame);
    this.acknowledge(frame, true);
    this.ondrawn(drawn);
    const whole = frame.width === frame.full_width && frame.height === frame.full_height;
    if (!frame.digest || !whole) return;
    const rgba = this.context.getImageData(0, 0, frame.width, frame.height).data;
    const { cleared } = this;
    const digest = await digestOf(rgba, frame.colour);
    if (life === this.life && cleared === this.cleared && frame.sequence === this.newest) {
      this.ondrawn({ ...drawn, verified: digest !== null && equal(digest, frame.digest) });
    }
  }

  private paint(frame: Frame, image: CanvasImageSource): void {
    const { canvas, context } = this;
    if (canvas.width !== frame.full_width || canvas.height !== frame.full_height) {
      canvas.width = frame.full_width;
      canvas.height = frame.full_height;
    }
    context.imageSmoothingEnabled = frame.width !== frame.full_width;
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, frame.full_width, frame.full_height);
  }
}

const report = (frame: Frame): Drawn => ({
  viewport: frame.viewport,
  sequence: frame.sequence,
  input: frame.input,
  final: frame.final,
  interpolated: frame.interpolated,
  covered: frame.covered,
  codec: frame.codec,
  level: frame.level,
  width: frame.width,
  height: frame.height,
  full_width: frame.full_width,
  full_height: frame.full_height,
  bytes: frame.picture.byteLength,
  render_ms: frame.render_ms,
  encode_ms: frame.encode_ms,
  verified: null,
  drawn_at: performance.now(),
});
