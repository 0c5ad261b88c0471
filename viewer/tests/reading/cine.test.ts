import { signal } from "@preact/signals";
import { beforeEach, expect, test, vi } from "vitest";
import type { SeriesInfo, StackInfo } from "../../src/api/messages";
import { Cine, imageTimes, madeToPlay, phaseTimes } from "../../src/reading/cine";
import { perform } from "../../src/reading/commands";
import { Desk } from "../../src/reading/desk";
import * as moves from "../../src/reading/moves";
import { openStack } from "../../src/reading/opening";
import type { Connection } from "../../src/stream/connection";
import type { StackView } from "../../src/stream/messages";
import type { Drawn } from "../../src/stream/screen";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

const stackOf = (count: number, over: Partial<StackInfo> = {}): StackInfo =>
  ({
    index: 0,
    digest: "cine",
    rows: 64,
    columns: 64,
    frames: Array.from({ length: count }, () => ({ window: null })),
    spacing: [1, 1],
    colour: false,
    windows: [],
    unit: "",
    frame_time_ms: 40,
    frame_times_ms: null,
    playback: "loop",
    phase: null,
    volume: null,
    refusal: "not_ct_or_mr",
    ...over,
  }) as unknown as StackInfo;
const seriesOf = (stacks: StackInfo[], modality = "XA"): SeriesInfo =>
  ({ id: 3, modality, stacks }) as unknown as SeriesInfo;

/** A page whose clock and frames are ours. */
let now: number;
let waiting: (() => void)[];
let desk: Desk;
let cine: Cine;
function frames(count: number, ms: number): void {
  for (let i = 0; i < count; i++) {
    now += ms;
    waiting.splice(0).forEach((callback) => callback());
  }
}
/** As if the view that is asked for now had been drawn. */
function draw(): void {
  const { stack } = desk.viewports;
  stack.drawn.value = { frame: {} as Drawn, view: stack.view.peek()! };
}
const frame = (): number => (desk.viewports.stack.view.value as StackView).frame;

beforeEach(() => {
  now = 1000;
  waiting = [];
  desk = new Desk({ presets: signal([]) } as unknown as Connection);
  desk.viewports.stack.size.value = { width: 100, height: 100 };
  cine = new Cine(desk, { now: () => now, frame: (callback) => void waiting.push(callback) });
  Object.defineProperty(desk, "cine", { value: cine });
  const stack = stackOf(10);
  openStack(desk, seriesOf([stack]), stack);
});

test("the header's times are the rhythm: one for each frame, else one for all, else twelve a second", () => {
  expect(imageTimes(stackOf(3, { frame_times_ms: [30, 50, 70] }), 3)).toEqual([30, 50, 70]);
  expect(imageTimes(stackOf(3, { frame_times_ms: [30, 0, 70] }), 3)).toEqual([40, 40, 40]);
  expect(imageTimes(stackOf(3), 3)).toEqual([40, 40, 40]);
  const [ms] = imageTimes(stackOf(1, { frame_time_ms: null }), 1);
  expect(1000 / ms!).toBe(12);
});

test("phases of a beat last until the next one; others go at four a second", () => {
  const phases = (kind: string) => [0, 50, 130].map((value) => ({ phase: { kind, value } }) as unknown as StackInfo);
  expect(phaseTimes(phases("trigger_time"))).toEqual([50, 80, 65]);
  expect(phaseTimes(phases("b_value"))).toEqual([250, 250, 250]);
});

test("angiography and ultrasound offer the player and do not start it; a CT does not even offer it", () => {
  expect([cine.shown.value, cine.playing.value]).toEqual([true, false]);
  expect(madeToPlay(seriesOf([], "CT"), stackOf(10, { frame_time_ms: null }))).toBe(false);
  expect(madeToPlay(seriesOf([], "US"), stackOf(1))).toBe(false);
});

test("each image comes when it is due and the last is followed by the first", () => {
  cine.play();
  frames(1, 39);
  expect(frame()).toBe(0);
  frames(1, 1);
  expect(frame()).toBe(1);
  frames(9, 40);
  expect(frame()).toBe(0);
});

test("it begins where the reader is, and a sweep turns at the end", () => {
  moves.scrollTo(desk, desk.viewports.stack, 8, false);
  cine.nextWay();
  expect(cine.way.value).toBe("sweep");
  cine.play();
  frames(1, 40);
  expect(frame()).toBe(9);
  frames(1, 40);
  expect(frame()).toBe(8);
});

test("what the header wants once stops at its last image, and begins again from the first", () => {
  const stack = stackOf(3, { playback: "once" });
  openStack(desk, seriesOf([stack]), stack);
  cine.play();
  frames(4, 40);
  expect([frame(), cine.playing.value, desk.viewports.stack.moving.value]).toEqual([2, false, false]);
  cine.play();
  frames(1, 40);
  expect(frame()).toBe(1);
});

test("what a slow line cannot show in time is skipped and counted, and the rate is what was drawn", () => {
  cine.play();
  for (let i = 0; i < 15; i++) {
    frames(5, 40); // five images are due, the newest is drawn
    draw();
  }
  expect(cine.measured.value!.fps).toBeCloseTo(5, 1);
  expect(cine.measured.value!.skipped).toBe(15 * 4);
});

test("on a fast line nothing is skipped", () => {
  cine.play();
  for (let i = 0; i < 100; i++) {
    frames(1, 40);
    draw();
  }
  expect(cine.measured.value!.skipped).toBe(0);
  expect(cine.measured.value!.fps).toBeCloseTo(25, 1);
});

test("twice the speed is twice the images, without a jump", () => {
  cine.play();
  frames(3, 40);
  cine.setSpeed(2);
  expect(cine.fps.value).toBe(50);
  expect(frame()).toBe(3);
  frames(1, 20);
  expect(frame()).toBe(4);
});

test.each([
  ["scrolling", () => moves.scroll(desk, desk.viewports.stack, 1, false)],
  ["Escape", () => perform(desk, { command: "cancel" })],
  ["C", () => perform(desk, { command: "cine" })],
  ["another series", () => openStack(desk, desk.series.value!, desk.stack.value!)],
])("%s stops it, and the picture rests", (_, act) => {
  perform(desk, { command: "cine" });
  frames(2, 40);
  expect([cine.playing.value, desk.viewports.stack.moving.value]).toEqual([true, true]);
  act();
  expect([cine.playing.value, desk.viewports.stack.moving.value]).toEqual([false, false]);
  const at = frame();
  frames(5, 40);
  expect(frame()).toBe(at);
});

test("a key that is let go does not ask for stills between the images", () => {
  cine.play();
  frames(1, 40);
  desk.rest();
  expect(desk.viewports.stack.moving.value).toBe(true);
});

test("a single image has nothing to play", () => {
  const one = stackOf(1);
  openStack(desk, seriesOf([one]), one);
  perform(desk, { command: "cine" });
  expect(cine.playing.value).toBe(false);
});

test("phases are played one at a time: the next is asked for when the last one has been drawn", () => {
  const set = [0, 1, 2, 3].map((number) =>
    stackOf(1, {
      digest: `phase ${number}`,
      phase: { group: "g", number, count: 4, kind: "order", value: null, text: "" },
    }),
  );
  openStack(desk, seriesOf(set, "MR"), set[0]!);
  draw();
  cine.play();
  expect(cine.over.value).toBe("phases");
  frames(1, 250);
  expect(desk.stack.value!.digest).toBe("phase 1");
  frames(1, 250);
  expect(desk.stack.value!.digest).toBe("phase 1");
  draw();
  frames(1, 1);
  expect(desk.stack.value!.digest).toBe("phase 2");
});
