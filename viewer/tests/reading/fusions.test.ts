import { signal } from "@preact/signals";
import { beforeEach, expect, test, vi } from "vitest";
import type { SeriesInfo, StudyInfo } from "../../src/api/messages";
import type { PlaneView, VolumeView } from "../../src/stream/messages";
import type { Desk } from "../../src/reading/desk";
import * as fusions from "../../src/reading/fusions";
import * as moves from "../../src/reading/moves";
import { openMpr, openStack } from "../../src/reading/opening";
import * as turns from "../../src/reading/turns";
import { showPhase } from "../../src/reading/phases";
import { pointAt, screenOf } from "../../src/geometry/camera";
import { apply } from "../../src/geometry/rigid";
import { chest, openChest, seriesOf, settled } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

const FRAME = "1.2.3";
const framed = (frame: string) => ({ ...chest().volume!, frame_of_reference: frame });
const other = (id: number, modality: string, frame: string): SeriesInfo =>
  seriesOf(chest({ digest: `s${id}`, unit: modality === "PT" ? "Bq/ml" : "HU", volume: framed(frame), windows: [{ centre: 5000, width: 10000, explanation: "", lut: null }] }), { id, modality });

let desk: Desk;
beforeEach(async () => {
  const palettes = signal(["GREY", "HOT_IRON", "RAINBOW"].map((name) => ({ name, colours: ["#000000", "#ffffff"] })));
  desk = openChest(chest({ volume: framed(FRAME) }), { palettes });
  const flat = seriesOf(chest({ digest: "flat", volume: null }), { id: 14, modality: "MR" });
  const all = [desk.series.value!, other(10, "CT", FRAME), other(11, "PT", "9.9"), other(12, "PT", FRAME), other(13, "CT", "9.9"), flat];
  desk.study.value = { series: all } as StudyInfo;
  openMpr(desk, null);
  await settled();
});

test("other modalities come first, then the same patient space; what is no volume and the series itself do not", () => {
  expect(fusions.seconds(desk).map(({ series }) => series.id)).toEqual([12, 11, 10, 13]);
});

test("a second volume lies over the planes and the rendering in its own window and usual colours", () => {
  fusions.fuse(desk, fusions.seconds(desk)[0]!);
  for (const role of ["axial", "coronal", "sagittal", "volume"] as const) {
    expect((desk.viewports[role].view.value as PlaneView | VolumeView).fusion).toMatchObject({ series: 12, stack: "s12", palette: "HOT_IRON", window: [6000, 8000], opacity: 0.5 });
  }
  fusions.fuse(desk, null);
  expect(fusions.fusionOf(desk)).toBeNull();
});

test("a PET's background is not coloured, a CT's window stays; the lower edge moves alone", () => {
  const second = (modality: string, unit: string, centre: number, width: number): fusions.Second => {
    const stack = chest({ unit, volume: framed(FRAME), windows: [{ centre, width, explanation: "", lut: null }] });
    return { series: seriesOf(stack, { modality }), stack, same_frame: true };
  };
  const edges = (...of: [string, string, number, number]) => fusions.edgesOf(fusions.firstWindow(second(...of)));
  expect(edges("PT", "Bq/ml", 5000, 10000)).toEqual([2000, 10000]);
  expect(edges("NM", "", 50, 100)).toEqual([20, 100]);
  expect(edges("PT", "g/ml", 3.5, 7)).toEqual([1, 7]);
  expect(edges("PT", "Bq/ml", 7000, 6000)).toEqual([4000, 10000]); // it already begins above
  expect(edges("MR", "", 500, 1000)).toEqual([0, 1000]);
  fusions.fuse(desk, fusions.seconds(desk)[0]!);
  fusions.showFrom(desk, 4000);
  expect(fusions.edgesOf(fusions.fusionOf(desk)!.window)).toEqual([4000, 10000]);
  fusions.showFrom(desk, 10000);
  expect(fusions.edgesOf(fusions.fusionOf(desk)!.window)).toEqual([4000, 10000]);
});

test("one of another patient space is not registered until it is moved by hand", () => {
  const how = (): string => {
    const now = fusions.fusionOf(desk)!;
    return fusions.registration(fusions.secondOf(desk, now), fusions.moveOf(now));
  };
  fusions.fuse(desk, fusions.seconds(desk)[1]!);
  expect(how()).toBe("not_registered");
  fusions.nudge(desk, [0, 0, 2]);
  expect(how()).toBe("by_hand");
  fusions.resetMove(desk);
  expect(how()).toBe("not_registered");
  fusions.fuse(desk, fusions.seconds(desk)[0]!);
  expect(how()).toBe("same_frame");
  fusions.turnSecond(desk, "axial", 5);
  expect(how()).toBe("by_hand");
});

test("it turns about the crosshair, which stays where it is", () => {
  fusions.fuse(desk, fusions.seconds(desk)[0]!);
  fusions.nudge(desk, [3, -4, 5]);
  const cross = desk.cross.value!;
  const before = fusions.moveOf(fusions.fusionOf(desk)!);
  const there = cross.map((part, i) => part - [3, -4, 5][i]!) as [number, number, number]; // what lies at the cross
  expect(apply(before, there)).toEqual(cross.map((part) => expect.closeTo(part, 9)));
  fusions.turnSecond(desk, "sagittal", 30);
  expect(apply(fusions.moveOf(fusions.fusionOf(desk)!), there)).toEqual(cross.map((part) => expect.closeTo(part, 9)));
});

test("clockwise is clockwise in the plane that the button names: what lay to the right of the cross goes down", () => {
  const size = { width: 800, height: 600 };
  for (const turned of [false, true]) {
    for (const plane of ["axial", "coronal", "sagittal"] as const) {
      const viewport = desk.viewports[plane];
      if (turned) turns.flip(viewport, "horizontal"); // the same button must still turn as its arrow shows
      const view = viewport.view.value as PlaneView;
      for (const clockwise of [1, -1]) {
        fusions.fuse(desk, fusions.seconds(desk)[0]!);
        const [x, y] = screenOf(view, size, desk.cross.value!);
        const point = pointAt(view, size, [x + 100, y]);
        fusions.turnSecond(desk, plane, 90 * clockwise);
        const to = screenOf(view, size, apply(fusions.moveOf(fusions.fusionOf(desk)!), point));
        expect(to).toEqual([expect.closeTo(x, 6), expect.closeTo(y + 100 * clockwise, 6)]);
      }
    }
  }
});

test("it stays while one scrolls, slabs and resets, and is taken back as a step of its own", async () => {
  fusions.fuse(desk, fusions.seconds(desk)[0]!);
  await settled();
  const now = fusions.fusionOf(desk);
  moves.scroll(desk, desk.viewports.axial, 5, false);
  moves.reset(desk, desk.viewports.volume);
  moves.reset(desk, desk.viewports.axial);
  await settled();
  expect(fusions.fusionOf(desk)).toEqual(now);
  expect((desk.viewports.volume.view.value as VolumeView).fusion).toEqual(now);
  fusions.change(desk, { opacity: 0.9 }, false);
  await settled();
  expect(desk.history.undo()).toBe("fusion");
  expect(fusions.fusionOf(desk)).toEqual(now);
});

test("another phase of a set keeps it, with camera and crosshair", async () => {
  const phase = (number: number) => ({ group: "g", number, count: 2, kind: "trigger_time", value: number * 100, text: "" });
  const stacks = [1, 2].map((number) => chest({ digest: `p${number}`, phase: phase(number), volume: framed(FRAME) }));
  const beating = { ...seriesOf(stacks[0]!), stacks };
  desk.study.value = { series: [beating, other(12, "PT", FRAME)] } as StudyInfo;
  openStack(desk, beating, stacks[0]!);
  openMpr(desk, null);
  const [second] = fusions.seconds(desk);
  expect(second!.series.id).toBe(12);
  fusions.fuse(desk, second!);
  fusions.nudge(desk, [1, 2, 3]);
  const [before, cross] = [desk.viewports.axial.view.value as PlaneView, desk.cross.value];
  showPhase(desk, 1, false);
  expect(desk.viewports.axial.view.value).toEqual({ ...before, stack: "p2" });
  expect(desk.cross.value).toBe(cross);
});
