import { beforeEach, expect, test, vi } from "vitest";
import * as filters from "../../src/reading/filters";
import type { Desk } from "../../src/reading/desk";
import * as moves from "../../src/reading/moves";
import * as slabs from "../../src/reading/slabs";
import { showOwn } from "../../src/reading/own_curves";
import * as renderings from "../../src/reading/renderings";
import { openMpr, openStackLayout } from "../../src/reading/opening";
import { showPhase } from "../../src/reading/phases";
import { quality } from "../../src/reading/quality";
import type { Drawn } from "../../src/stream/screen";
import { chest, openChest, seriesOf, settled } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

let desk: Desk;
beforeEach(async () => {
  desk = openChest();
  await settled();
});
const view = (role: "stack" | "axial" | "volume") => desk.viewports[role].view.value!;
const on = (role: "stack" | "axial" | "volume", name: filters.FilterName) =>
  filters.setFilter(desk.viewports[role], filters.usual(name, view(role), "HU"), false);

test("every filter begins between the ends of its dials, with all that the server needs of it", () => {
  for (const name of filters.filtersOf(view("stack"))) {
    for (const unit of ["HU", "Bq/ml", ""]) {
      const filter = filters.usual(name, view("stack"), unit);
      for (const dial of filters.dialsOf(name, view("stack"), unit)) {
        expect([name, dial.field, filter[dial.field]! >= dial.least && filter[dial.field]! <= dial.most]).toEqual([name, dial.field, true]);
        expect(dial.step).toBeGreaterThan(0);
      }
      expect(filter.size ?? 1).toBeLessThanOrEqual(100);
    }
  }
  expect(filters.usual("threshold", view("stack"), "HU")).toEqual({ name: "threshold", low: 150, high: 3071 });
});

test("a filter stays on while one scrolls, goes to the planes and back, and resets", async () => {
  on("stack", "gaussian");
  moves.scroll(desk, desk.viewports.stack, 9, false);
  openMpr(desk, null);
  on("axial", "median");
  on("volume", "bilateral");
  moves.scroll(desk, desk.viewports.axial, 3, false);
  slabs.setProjection(desk.viewports.axial, "min");
  renderings.setProjection(desk, desk.viewports.volume, "max");
  moves.reset(desk, desk.viewports.axial);
  moves.reset(desk, desk.viewports.volume);
  openStackLayout(desk);
  moves.reset(desk, desk.viewports.stack);
  expect([view("stack").filter?.name, view("axial").filter?.name, view("volume").filter?.name]).toEqual(["gaussian", "median", "bilateral"]);
});

test("another phase of a set keeps it", () => {
  const phase = (number: number) => ({ group: "g", number, count: 2, kind: "trigger_time", value: number * 100, text: "" });
  const stacks = [chest({ digest: "p1", phase: phase(1) }), chest({ digest: "p2", phase: phase(2) })];
  desk.series.value = { ...seriesOf(stacks[0]!), stacks };
  desk.stack.value = stacks[0]!;
  on("stack", "unsharp");
  showPhase(desk, 1, false);
  expect(view("stack")).toMatchObject({ stack: "p2", filter: { name: "unsharp", size: 2, strength: 1 } });
});

test("the corner says which filter it is with its numbers", () => {
  const text = (name: filters.FilterName) => filters.numbersOf(filters.usual(name, view("stack"), "HU"), view("stack"), "HU", "voxels");
  expect(text("gaussian")).toBe("σ 1.0 mm");
  expect(text("median")).toBe("3 × 3 px");
  expect(text("bilateral")).toBe("σ 1.5 mm · 50 HU");
  expect(text("threshold")).toBe("150 … 3071 HU");
  expect(text("gamma")).toBe("0.7");
});

test("a threshold's ends push each other along", () => {
  on("stack", "threshold");
  const [low, high] = filters.dialsOf("threshold", view("stack"), "HU");
  filters.turnDial(desk.viewports.stack, high!, -100, false);
  expect(view("stack").filter).toMatchObject({ low: -100, high: -100 });
  filters.turnDial(desk.viewports.stack, low!, 99999, false);
  expect(view("stack").filter).toMatchObject({ low: 3071, high: 3071 });
});

test("a filter is a step of its own that can be taken back", async () => {
  on("stack", "edge");
  await settled();
  expect(desk.history.undo()).toBe("filter");
  expect(view("stack").filter ?? null).toBeNull();
});

test("a filtered frame is sent losslessly, and never called original", () => {
  on("stack", "gaussian");
  const frame = { final: true, interpolated: false, covered: false, verified: true } as Drawn;
  expect(quality(frame, view("stack"), true)).toEqual({ tone: "good", words: ["LOSSLESS ✓", "filtered"] });
  expect(quality({ ...frame, covered: true }, view("stack"), true).words).toEqual(["LOSSLESS ✓", "filtered", "covered"]);
  expect(quality({ ...frame, final: false }, view("stack"), true).words).toEqual(["preview", "filtered"]);
  filters.setFilter(desk.viewports.stack, null, false);
  expect(quality(frame, view("stack"), true).words).toEqual(["LOSSLESS ✓", "original"]);
});

test("a shaded volume has no filters of greys, a projection all of them", () => {
  openMpr(desk, "volume");
  expect(filters.filtersOf(view("volume"))).toEqual(["gaussian", "median", "bilateral", "unsharp", "edge"]);
  renderings.setProjection(desk, desk.viewports.volume, "max");
  expect(filters.filtersOf(view("volume")).length).toBe(8);
});

test("a filter of a projection that a rendering does not take goes with it, and one that is too wide is turned down", async () => {
  openMpr(desk, "volume");
  const { volume } = desk.viewports;
  const backs = [
    () => renderings.setProjection(desk, volume, null),
    () => renderings.setPreset(volume, "ct_skin"),
    () => showOwn(volume, { name: "own", preset: "ct_bone", points: [[0, "#000000", 0], [100, "#ffffff", 1]] }),
  ];
  for (const back of backs) {
    for (const name of ["clahe", "gamma", "threshold"] as const) {
      renderings.setProjection(desk, volume, "max");
      on("volume", name);
      await back();
      expect(view("volume").filter).toBeNull();
    }
    renderings.setProjection(desk, volume, "max");
    filters.setFilter(volume, { name: "median", size: 3 }, false);
    expect(filters.numbersOf(view("volume").filter!, view("volume"), "HU", "voxels")).toBe("7 × 7 px");
    await back();
    expect(view("volume").filter).toEqual({ name: "median", size: 2 });
    expect(filters.numbersOf(view("volume").filter!, view("volume"), "HU", "voxels")).toBe("5 × 5 × 5 voxels");
    renderings.setProjection(desk, volume, "max");
    on("volume", "gaussian");
    await back();
    expect(view("volume").filter).toMatchObject({ name: "gaussian", size: 1 });
  }
});
