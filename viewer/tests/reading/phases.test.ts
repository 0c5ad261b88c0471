import { signal } from "@preact/signals";
import { beforeEach, expect, test, vi } from "vitest";
import type { Phase, SeriesInfo, StackInfo, StudyInfo } from "../../src/api/messages";
import { perform } from "../../src/reading/commands";
import { Desk } from "../../src/reading/desk";
import * as crosses from "../../src/reading/crosses";
import * as looks from "../../src/reading/looks";
import * as moves from "../../src/reading/moves";
import * as slabs from "../../src/reading/slabs";
import { openMpr, openStack } from "../../src/reading/opening";
import { entries, frameBeside, showPhase } from "../../src/reading/phases";
import type { Connection } from "../../src/stream/connection";
import type { PlaneView, StackView, VolumeView } from "../../src/stream/messages";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

const volume = {
  affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0],
  shape: [40, 128, 128] as [number, number, number],
  frame_of_reference: "",
  places: null,
  holes: [],
};

/** Phase `number` of five; each has its own window, 100 + number wide. */
function phase(number: number, over: Partial<Phase> = {}): StackInfo {
  return {
    index: 10 - number, // the order of a file says nothing about the order in time
    digest: `digest ${number}`,
    rows: 128,
    columns: 128,
    frames: Array.from({ length: 40 }, () => ({ window: null })),
    spacing: [1, 1],
    colour: false,
    windows: [{ centre: 50, width: 100 + number, explanation: "", lut: null }],
    unit: "",
    phase: { group: "g", number, count: 5, kind: "trigger_time", value: number * 60, text: "", ...over },
    volume,
    refusal: null,
  } as unknown as StackInfo;
}
const series = (stacks: StackInfo[]): SeriesInfo => ({ id: 7, modality: "MR", stacks }) as unknown as SeriesInfo;
const single = { ...phase(0), digest: "alone", phase: null } as StackInfo;

let desk: Desk;
let set: StackInfo[];
function open(kind: string): void {
  set = [0, 1, 2, 3, 4].map((number) => phase(number, { kind }));
  openStack(desk, series([set[3]!, set[0]!, single, set[4]!, set[1]!, set[2]!]), set[0]!);
}
beforeEach(() => {
  desk = new Desk({ presets: signal([]) } as unknown as Connection);
  for (const viewport of Object.values(desk.viewports)) viewport.size.value = { width: 800, height: 600 };
  open("trigger_time");
});
const stackView = (): StackView => desk.viewports.stack.view.value as StackView;

test("a 4-D set is one entry, its phases in their order, beside the other stacks", () => {
  const found = entries(desk.series.value!).map(({ stacks }) => stacks.map(({ digest }) => digest));
  expect(found).toEqual([["digest 0", "digest 1", "digest 2", "digest 3", "digest 4"], ["alone"]]);
});

test("another phase keeps camera, window and frame", () => {
  moves.scrollTo(desk, desk.viewports.stack, 12, false);
  moves.zoom(desk.viewports.stack, 2, [100, 100], false);
  const before = stackView();
  showPhase(desk, 3, false);
  expect(stackView()).toEqual({ ...before, stack: "digest 3" });
  expect(desk.stack.value).toBe(set[3]);
});

test("planes, volume rendering and crosshair stay where they are", () => {
  openMpr(desk, null);
  crosses.crossTo(desk, desk.viewports.axial, [500, 200], false);
  slabs.toggleSlab(desk.viewports.axial);
  const [axial, rendering, cross] = [desk.viewports.axial, desk.viewports.volume, desk.cross.value];
  const before = [axial.view.value as PlaneView, rendering.view.value as VolumeView];
  showPhase(desk, 2, false);
  expect([axial.view.value, rendering.view.value]).toEqual(before.map((view) => ({ ...view, stack: "digest 2" })));
  expect(desk.cross.value).toBe(cross);
  expect(desk.layout.value).toBe("mpr");
});

test("b-values, echoes and the like show their own window until the reader chooses one; times keep theirs", () => {
  showPhase(desk, 2, false);
  expect(stackView().window).toEqual([50, 100]);
  open("b_value");
  showPhase(desk, 2, false);
  expect(stackView().window).toEqual([50, 102]);
  looks.setWindow(desk, [10, 20], false);
  showPhase(desk, 4, false);
  expect(stackView().window).toEqual([10, 20]);
});

test("a phase that is no volume leaves the planes and says why", () => {
  set[1]!.volume = null;
  set[1]!.refusal = "missing_slices";
  openMpr(desk, null);
  showPhase(desk, 1, false);
  expect([desk.layout.value, desk.notice.value, stackView().stack]).toEqual(["stack", "missing_slices", "digest 1"]);
});

test("the keys go round in a circle; a stack that is no phase has none", () => {
  desk.study.value = { series: [desk.series.value!] } as StudyInfo;
  perform(desk, { command: "previous_phase" });
  expect(desk.stack.value!.digest).toBe("digest 4");
  perform(desk, { command: "next_phase" });
  expect(desk.stack.value!.digest).toBe("digest 0");
  perform(desk, { command: "next_series" });
  expect(desk.stack.value!.digest).toBe("alone");
  perform(desk, { command: "next_phase" });
  expect(desk.stack.value!.digest).toBe("alone");
});

test("a picture that is still another phase's is told from the phase that is asked for", () => {
  const drawn = stackView();
  showPhase(desk, 3, true);
  expect(desk.stackOf(drawn)).toBe(set[0]);
  expect(desk.stackOf(stackView())).toBe(set[3]);
});

/** A phase of images at these heights. */
function at(heights: number[]): StackInfo {
  const frames = heights.map((z) => ({ position: [0, 0, z], row: [1, 0, 0], column: [0, 1, 0], window: null }));
  return { ...phase(0), frames } as unknown as StackInfo;
}

test("another phase shows the image of the same place, not of the same number", () => {
  const [whole, fewer, shifted, turned] = [at([0, 5, 10, 15]), at([5, 15]), at([0.2, 5.2, 10.2]), at([15, 10, 5, 0])];
  expect([0, 1, 2, 3].map((frame) => frameBeside(whole, frame, fewer))).toEqual([0, 0, 1, 1]);
  expect([0, 1].map((frame) => frameBeside(fewer, frame, whole))).toEqual([1, 3]);
  expect([0, 2, 3].map((frame) => frameBeside(whole, frame, shifted))).toEqual([0, 2, 2]);
  expect(frameBeside(whole, 1, turned)).toBe(2);
  // Nobody knows where these lie: the number is all there is.
  expect(frameBeside(phase(0), 7, phase(1))).toBe(7);
});

test("after a missing image the frame stays where it was in the patient", () => {
  set = [at([0, 5, 10, 15, 20]), { ...at([0, 5, 15, 20]), digest: "fewer" }];
  set.forEach((stack, number) => (stack.phase = { ...phase(number).phase!, count: 2 }));
  openStack(desk, series(set), set[0]!);
  moves.scrollTo(desk, desk.viewports.stack, 4, false);
  showPhase(desk, 1, false);
  expect([stackView().stack, stackView().frame]).toEqual(["fewer", 3]);
  showPhase(desk, 0, false);
  expect(stackView().frame).toBe(4);
});
