import { beforeEach, expect, test, vi } from "vitest";
import { Screen, type Drawn } from "../../src/stream/screen";
import type { Frame } from "../../src/stream/frame";

const world = vi.hoisted(() => ({
  /** What the worker will say of the drawn pixels, by number of the question. */
  questions: [] as { n: number; answer: (digest: Uint8Array | null) => void }[],
  decoding: [] as { finish: () => void; fail: () => void }[],
  freed: 0,
}));

vi.mock("../../src/stream/digest.worker?worker", () => ({
  default: class {
    private hear: (event: unknown) => void = () => undefined;
    addEventListener(_: string, hear: (event: unknown) => void): void {
      this.hear = hear;
    }
    removeEventListener(): void {}
    postMessage({ n }: { n: number }): void {
      const { hear } = this;
      world.questions.push({ n, answer: (digest) => hear({ data: { n, digest } }) });
    }
  },
}));
vi.mock("../../src/stream/decode", () => ({
  decodePicture: () =>
    new Promise((resolve, reject) => {
      const picture = { image: {}, free: () => void (world.freed += 1) };
      world.decoding.push({ finish: () => resolve(picture), fail: () => reject(new Error("damaged")) });
    }),
}));

const DIGEST = Uint8Array.from({ length: 32 }, (_, i) => i);
const frame = (sequence: number, over: Partial<Frame> = {}): Frame => ({
  codec: 2,
  final: true,
  interpolated: false,
  colour: false,
  covered: false,
  viewport: 1,
  level: 0,
  sequence,
  input: sequence,
  width: 40,
  height: 30,
  full_width: 40,
  full_height: 30,
  render_ms: 1,
  encode_ms: 1,
  digest: DIGEST,
  picture: new Uint8Array(9),
  ...over,
});

let drawn: Drawn[];
let told: [number, boolean][];
let painted: number;
let wanted: (frame: Frame) => boolean;
let screen: Screen;

beforeEach(() => {
  [drawn, told, painted] = [[], [], 0];
  world.questions.length = world.decoding.length = world.freed = 0;
  wanted = () => true;
  const context = {
    clearRect: () => undefined,
    drawImage: () => void (painted += 1),
    getImageData: (_x: number, _y: number, w: number, h: number) => ({ data: new Uint8ClampedArray(4 * w * h) }),
  };
  const canvas = { width: 0, height: 0, getContext: () => context };
  screen = new Screen(
    canvas as unknown as HTMLCanvasElement,
    (of) => wanted(of),
    (of, shown) => told.push([of.sequence, shown]),
    (picture) => drawn.push(picture),
  );
});

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
const verdicts = (): (boolean | null)[] => drawn.map(({ verified }) => verified);

async function draw(of: Frame): Promise<void> {
  void screen.draw(of);
  world.decoding.at(-1)!.finish();
  await settled();
}

test("a final frame is verified only when the drawn pixels have its digest", async () => {
  await draw(frame(1));
  expect(verdicts()).toEqual([null]);
  world.questions[0]!.answer(DIGEST.slice());
  await settled();
  expect(verdicts()).toEqual([null, true]);
});

test("one other byte in the digest, or none to be had, is a mismatch", async () => {
  await draw(frame(1));
  world.questions[0]!.answer(DIGEST.map((byte, i) => (i === 31 ? byte ^ 1 : byte)));
  await settled();
  await draw(frame(2));
  world.questions[1]!.answer(null);
  await settled();
  expect(verdicts()).toEqual([null, false, null, false]);
});

test("a preview and a reduced final are never hashed", async () => {
  await draw(frame(1, { final: false, digest: null }));
  await draw(frame(2, { width: 20, height: 15 }));
  expect(world.questions).toEqual([]);
  expect(verdicts()).toEqual([null, null]);
});

test("a verdict that comes after the next frame, or after the canvas was cleared, is not told", async () => {
  await draw(frame(1));
  await draw(frame(2, { final: false, digest: null }));
  world.questions[0]!.answer(DIGEST);
  await draw(frame(3));
  screen.clear();
  world.questions[1]!.answer(DIGEST);
  await settled();
  expect(verdicts()).toEqual([null, null, null]);
});

test("an older frame that is decoded late is acknowledged and not drawn", async () => {
  void screen.draw(frame(1));
  void screen.draw(frame(2));
  world.decoding[1]!.finish();
  await settled();
  world.decoding[0]!.finish();
  await settled();
  expect(told).toEqual([
    [2, true],
    [1, false],
  ]);
  expect([painted, world.freed]).toEqual([1, 2]);
});

test("what cannot be decoded, or shows what is not wanted any more, is acknowledged all the same", async () => {
  void screen.draw(frame(1));
  world.decoding[0]!.fail();
  await settled();
  void screen.draw(frame(2));
  wanted = () => false;
  world.decoding[1]!.finish();
  await settled();
  expect(told).toEqual([
    [1, false],
    [2, false],
  ]);
  expect(painted).toBe(0);
});

test("what belongs to the line before is neither drawn nor acknowledged on the new one", async () => {
  void screen.draw(frame(7));
  screen.restart();
  world.decoding[0]!.finish();
  await settled();
  await draw(frame(1));
  expect(told).toEqual([[1, true]]);
});
