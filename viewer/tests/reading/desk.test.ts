import { signal } from "@preact/signals";
import { beforeEach, expect, test, vi } from "vitest";
import type { StackInfo, StudyInfo } from "../../src/api/messages";
import { edges } from "../../src/geometry/letters";
import { perform } from "../../src/reading/commands";
import { Desk } from "../../src/reading/desk";
import { depthOf, normal } from "../../src/geometry/camera";
import { isOblique } from "../../src/geometry/grid";
import * as crosses from "../../src/reading/crosses";
import * as looks from "../../src/reading/looks";
import * as moves from "../../src/reading/moves";
import { firstSeries, openMpr, openStack, openStackLayout, presetsOf } from "../../src/reading/opening";
import type { Connection } from "../../src/stream/connection";
import type { PlaneView, Preset, StackView, VolumeView } from "../../src/stream/messages";
import { chest as stack, seriesOf as series } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

let desk: Desk;
const presets = [
  { name: "mr_default", group: "mr", modalities: ["MR"], colours: [] },
  { name: "ct_bone", group: "bones", modalities: ["CT"], colours: [] },
];

beforeEach(() => {
  desk = new Desk({ presets: signal(presets) } as unknown as Connection);
  for (const viewport of Object.values(desk.viewports)) viewport.size.value = { width: 800, height: 600 };
  const one = stack();
  openStack(desk, series(one), one);
});

const stackView = (): StackView => desk.viewports.stack.view.value as StackView;
const plane = (name: "axial" | "coronal" | "sagittal"): PlaneView => desk.viewports[name].view.value as PlaneView;
const key = (command: Parameters<typeof perform>[1]): void => perform(desk, command);

test("a CT opens at its middle frame with the header's window, whole", () => {
  expect(stackView()).toMatchObject({ frame: 50, window: [-450, 2000], right: [1, 0], down: [0, 1] });
  expect(stackView().extent_mm).toBeCloseTo(512 * 0.7, 9);
});

/** An MR whose frames 0 to 99 have windows of widths 100 to 199, but for the middle one's, which is the stack's. */
const withWindows = (): StackInfo => {
  const { frames } = stack();
  const own = (i: number): [number, number] | null => (i === 50 ? null : [50, 100 + i]);
  return stack({
    frames: frames.map((frame, i) => ({ ...frame, window: own(i) })),
    windows: [{ centre: 50, width: 150, explanation: "", lut: null }],
    unit: "",
  });
};

test("every frame is shown in its own window until the reader chooses one", () => {
  const mr = withWindows();
  openStack(desk, series(mr, { modality: "MR" }), mr);
  expect(stackView()).toMatchObject({ frame: 50, window: [50, 150] });
  moves.scrollTo(desk, desk.viewports.stack, 3, true);
  expect(stackView()).toMatchObject({ frame: 3, window: [50, 103] });
  looks.setWindow(desk, [60, 300], false);
  moves.scrollTo(desk, desk.viewports.stack, 7, false);
  expect(stackView()).toMatchObject({ frame: 7, window: [60, 300] });
  key({ window: "header" });
  expect(stackView()).toMatchObject({ frame: 7, window: [50, 107] });
  moves.scroll(desk, desk.viewports.stack, 1, false);
  expect(stackView()).toMatchObject({ frame: 8, window: [50, 108] });
});

test("coming back from the planes the stack follows the windows of its frames only if nobody changed it", () => {
  const mr = withWindows();
  openStack(desk, series(mr, { modality: "MR" }), mr);
  for (const [index, changed, window] of [[10, null, [50, 110]], [20, [1, 2], [1, 2]]] as const) {
    openMpr(desk, null);
    if (changed) looks.setWindow(desk, [...changed], false);
    moves.scrollTo(desk, desk.viewports.axial, index, false);
    openStackLayout(desk);
    expect(stackView().window).toEqual(window);
  }
});

test("a scout in front of a volume is not what opens first", () => {
  const scout = series(stack({ volume: null, refusal: "too_few_slices" }), { id: 1 });
  const study = { series: [scout, series(stack(), { id: 2 })] } as unknown as StudyInfo;
  expect(firstSeries(study)!.id).toBe(2);
});

test("scrolling stops at both ends", () => {
  moves.scroll(desk, desk.viewports.stack, -500, false);
  expect(stackView().frame).toBe(0);
  key({ command: "last_image" });
  expect(stackView().frame).toBe(99);
});

test("the planes open through the frame that was shown, on voxel centres, with its window", () => {
  moves.scrollTo(desk, desk.viewports.stack, 30, false);
  openMpr(desk, null);
  expect(plane("axial").centre[2]).toBeCloseTo(50 - 60, 9);
  expect(plane("axial").window).toEqual([-450, 2000]);
  expect(moves.position(desk, plane("axial"))).toEqual({ index: 30, count: 100 });
  expect(edges(plane("coronal").right, plane("coronal").down).left).toBe("R");
});

test("going back to the stack shows the frame at the crosshair", () => {
  openMpr(desk, null);
  moves.scrollTo(desk, desk.viewports.axial, 77, false);
  openStackLayout(desk);
  expect(stackView().frame).toBe(77);
  expect(desk.active.value).toBe("stack");
});

test("moving the cross in the axial plane moves the other two through that point", () => {
  openMpr(desk, null);
  const { axial } = desk.viewports;
  const before = plane("axial");
  crosses.crossTo(desk, axial, [500, 200], false);
  const [x, y] = desk.cross.value!;
  expect(plane("axial")).toEqual(before);
  expect(plane("sagittal").centre[0]).toBeCloseTo(x, 9);
  expect(plane("coronal").centre[1]).toBeCloseTo(y, 9);
});

test("a cross dragged out of the volume stays at its edge", () => {
  openMpr(desk, null);
  crosses.crossTo(desk, desk.viewports.axial, [-5000, 300], false);
  expect(desk.cross.value![0]).toBeCloseTo(-180, 9);
});

test("unlinked planes stay where they are", () => {
  openMpr(desk, null);
  key({ command: "link" });
  const before = plane("coronal");
  crosses.crossTo(desk, desk.viewports.axial, [500, 200], false);
  expect(plane("coronal")).toEqual(before);
});

test("a stack that is no volume says why and stays open", () => {
  const refused = stack({ volume: null, refusal: "tilted" });
  openStack(desk, series(refused), refused);
  key({ command: "mpr" });
  expect([desk.layout.value, desk.notice.value]).toEqual(["stack", "tilted"]);
});

test("P makes a 20 mm maximum slab of the active plane and thin again", () => {
  openMpr(desk, null);
  desk.active.value = "coronal";
  key({ command: "slab" });
  expect([plane("coronal").thickness_mm, plane("coronal").projection, plane("axial").thickness_mm]).toEqual([
    20,
    "max",
    0,
  ]);
  key({ command: "slab" });
  expect(plane("coronal").thickness_mm).toBe(0);
});

test("the lung window is that of every 2-D viewport", () => {
  openMpr(desk, null);
  key({ window: "lung" });
  expect([stackView().window, plane("axial").window, plane("sagittal").window]).toEqual([
    [-600, 1500],
    [-600, 1500],
    [-600, 1500],
  ]);
});

test("the volume rendering opens from the front with a preset of its modality", () => {
  openMpr(desk, "volume");
  const view = desk.viewports.volume.view.value as VolumeView;
  expect(view.preset).toBe("ct_bone");
  expect(edges(view.right, view.down)).toEqual({ left: "R", right: "L", top: "H", bottom: "F" });
});

test("a volume of PET gets a preset that takes no grey value for a tissue", () => {
  expect(presetsOf(presets as Preset[], "PT").map(({ name }) => name)).toEqual(["mr_default"]);
});

test("a volume of CT gets those for Hounsfield units only where it has these", () => {
  const names = (unit: string): string[] => presetsOf(presets as Preset[], "CT", unit).map(({ name }) => name);
  expect([names("HU"), names("")]).toEqual([["ct_bone"], ["mr_default"]]);
});

test("the key of the volume rendering goes back to where it was pressed", () => {
  perform(desk, { command: "volume" });
  perform(desk, { command: "volume" });
  expect(desk.layout.value).toBe("stack");
  openMpr(desk, null);
  perform(desk, { command: "volume" });
  perform(desk, { command: "volume" });
  expect([desk.layout.value, desk.maximised.value]).toEqual(["mpr", null]);
});

test("a volume rendering does not mirror the patient", () => {
  openMpr(desk, "volume");
  const before = desk.viewports.volume.view.value;
  key({ command: "flip_horizontal" });
  expect(desk.viewports.volume.view.value).toEqual(before);
});

test("reset puts a turned, mirrored and inverted stack upright and keeps its frame and window", () => {
  key({ command: "rotate_right" });
  key({ command: "flip_horizontal" });
  key({ command: "invert" });
  key({ window: "bone" });
  key({ command: "reset" });
  expect(stackView()).toMatchObject({ right: [1, 0], down: [0, 1], frame: 50, window: [500, 2000] });
  expect(stackView().invert ?? false).toBe(false);
});

test("reset of a plane lays straight all that the crosshair has tilted, through the cross; unlinked, the others stay", () => {
  openMpr(desk, null);
  const { axial, coronal, sagittal } = desk.viewports;
  const opened = [plane("coronal"), plane("sagittal")];
  const tilt = (): void => {
    const { at } = crosses.crossOf(desk, axial)!;
    crosses.turnCross(desk, axial, [at[0] + 100, at[1]], [at[0] + 90, at[1] + 40]);
  };
  const tilted = (): boolean[] =>
    (["axial", "coronal", "sagittal"] as const).map((role) => isOblique(desk.geometry.value!, role, plane(role)));
  tilt();
  expect(tilted()).toEqual([false, true, true]);
  moves.reset(desk, axial);
  expect(tilted()).toEqual([false, false, false]);
  for (const [i, viewport] of [coronal, sagittal].entries()) {
    const view = viewport.view.value as PlaneView;
    expect([view.right, view.down]).toEqual([opened[i]!.right, opened[i]!.down]);
    expect(depthOf(view.centre, normal(view))).toBeCloseTo(depthOf(desk.cross.value!, normal(view)), 9);
  }
  tilt();
  key({ command: "link" });
  moves.reset(desk, axial);
  expect(tilted()).toEqual([false, true, true]);
});

test("original pixels have one image pixel on each screen pixel, the grids on each other", () => {
  moves.originalPixels(desk, desk.viewports.stack);
  const { extent_mm, centre } = stackView();
  expect(extent_mm / 600).toBeCloseTo(0.7, 12);
  // 800 × 600 are even, so the middle of the viewport lies between two pixels on both axes.
  centre.forEach((mm) => expect(Math.abs((mm / 0.7) % 1)).toBeCloseTo(0.5, 9));
});

test("Escape first closes a notice, then drops the tool", () => {
  desk.notice.value = "tilted";
  key({ command: "tool_pan" });
  key({ command: "cancel" });
  expect([desk.notice.value, desk.tool.value]).toEqual([null, "pan"]);
  key({ command: "cancel" });
  expect(desk.tool.value).toBeNull();
});
