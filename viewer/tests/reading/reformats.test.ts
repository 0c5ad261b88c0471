import { signal, type Signal } from "@preact/signals";
import { beforeEach, expect, test, vi } from "vitest";
import type { StudyInfo } from "../../src/api/messages";
import type { FromViewer, PlaneView, Reformat, Reformatted, Reformatting } from "../../src/stream/messages";
import * as client from "../../src/api/client";
import { cross, dot, type Vector3 } from "../../src/geometry/vectors";
import type { Desk } from "../../src/reading/desk";
import { openMpr } from "../../src/reading/opening";
import * as plans from "../../src/reading/reformat_plan";
import * as reformats from "../../src/reading/reformats";
import * as turns from "../../src/reading/turns";
import { chest, openChest, seriesOf, settled } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

const PLAN: plans.Plan = { role: "coronal", thickness_mm: 4, spacing_mm: 5, count: 11, projection: "mean", range: "about", description: "" };

let sent: FromViewer[];
let hear: { reformatting?: (told: Reformatting) => void; reformatted?: (told: Reformatted) => void };
let state: Signal<string>; // one for each test: watchers of an earlier desk hear nothing
let desk: Desk;
beforeEach(async () => {
  sent = [];
  hear = {};
  state = signal("open");
  reformats.jobs.value = [];
  desk = openChest(chest(), { hear, state, send: (message: FromViewer) => sent.push(message), palettes: signal([]) });
  desk.study.value = { study: { id: 3 }, series: [desk.series.value!], conflicts: 0 } as unknown as StudyInfo;
  openMpr(desk, null);
  await settled();
});
const coronal = (): PlaneView => desk.viewports.coronal.view.value as PlaneView;

test("images lie about the plane that is shown, at equal distances, and each holds all of the volume", () => {
  // 512 × 512 × 100 voxels of 0.7 × 0.7 × 2 mm: x and y from −180.35 to 178.05, z from −149 to 51.
  const { origin, right, down, ...images } = plans.imagesOf(desk.geometry.value!, coronal(), PLAN);
  expect(images).toMatchObject({ width: 512, height: 286, count: 11, spacing_mm: 5, pixel_mm: expect.closeTo(0.7, 9) });
  expect(cross(right, down)).toEqual([0, 1, 0].map((part) => expect.closeTo(part, 9)));
  expect(origin[0]).toBeCloseTo(-180, 6);
  expect(origin[1]).toBeCloseTo(coronal().centre[1] - 25, 6);
  expect(origin[2]).toBeCloseTo(51 - 0.35 + (286 * 0.7 - 200) / 2, 6); // evenly beyond both ends
});

test("through the whole volume there are as many as it takes, from end to end", () => {
  const images = plans.imagesOf(desk.geometry.value!, coronal(), { ...PLAN, range: "whole" });
  expect(images.count).toBe(Math.floor(358.4 / 5));
  const { normal, depths } = plans.ends(images);
  expect(normal).toEqual([0, 1, 0].map((part) => expect.closeTo(part, 9)));
  expect(depths[0]! + 180.35).toBeCloseTo(178.05 - depths[1]!, 6);
  expect(depths[0]! + 180.35).toBeGreaterThan(0);
});

test("of an oblique plane too every corner of the volume's section is in the images", () => {
  turns.rotate(desk, desk.viewports.coronal, 17);
  const view = { ...coronal(), thickness_mm: 0 };
  const { origin, right, down, pixel_mm, width, height } = plans.imagesOf(desk.geometry.value!, view, PLAN);
  for (const corner of [[-180.35, 0, -149], [178.05, 0, -149], [-180.35, 0, 51], [178.05, 0, 51]] as Vector3[]) {
    const away = corner.map((part, i) => part - origin[i]!) as Vector3;
    const [x, y] = [dot(away, right) / pixel_mm, dot(away, down) / pixel_mm];
    expect(x > -0.6 && x < width - 0.4 && y > -0.6 && y < height - 0.4).toBe(true);
  }
});

test("the first and the last image are lines on planes across them, and none on those along them", () => {
  const { normal, depths } = plans.ends(plans.imagesOf(desk.geometry.value!, coronal(), PLAN));
  const axial = desk.viewports.axial.view.value as PlaneView;
  const line = plans.lineOn(axial, normal, depths[0]!)!;
  expect(line.at).toEqual([expect.closeTo(0, 6), expect.closeTo(depths[0]! - axial.centre[1], 6)]);
  expect(line.along.map(Math.abs)).toEqual([1, 0]);
  expect(plans.lineOn(coronal(), normal, depths[0]!)).toBeNull();
});

test("it is asked for once, goes on after a cut under the same name, and its series joins the study", async () => {
  const told: reformats.Job[] = [];
  expect(reformats.ask(desk, PLAN, (job) => void told.push(job))).toBe(true);
  const [first] = sent as Reformat[];
  expect(first).toMatchObject({ t: "reformat", series: 9, stack: "ab", thickness_mm: 4, projection: "mean", count: 11 });
  expect(first!.request).toMatch(/^[0-9A-Za-z]{20}$/);
  hear.reformatting!({ t: "reformatting", viewport: 0, request: first!.request, done: 4, total: 11 });
  expect(reformats.jobs.value[0]).toMatchObject({ done: 4, series: null, code: "" });
  state.value = "lost";
  state.value = "open";
  expect(sent).toEqual([first, first]);
  const fresh = seriesOf(chest({ digest: "new" }), { id: 40 });
  vi.spyOn(client, "fetchStudy").mockResolvedValue({ ...desk.study.value!, series: [seriesOf(chest()), fresh] });
  hear.reformatted!({ t: "reformatted", viewport: 0, request: first!.request, series: 40 });
  await settled();
  await settled();
  expect(told).toMatchObject([{ series: 40 }]);
  expect(desk.study.value!.series[0]).toBe(desk.series.value); // what is open stays open
  expect(desk.study.value!.series[1]).toBe(fresh);
  state.value = "lost";
  state.value = "open";
  expect(sent.length).toBe(2);
});

test("one that failed says why, and one that nobody wants is cancelled", async () => {
  const told: reformats.Job[] = [];
  reformats.ask(desk, PLAN, (job) => void told.push(job));
  reformats.cancel(desk, reformats.jobs.value[0]!);
  const { request } = sent[0] as Reformat;
  expect(sent[1]).toEqual({ t: "cancel_reformat", request });
  hear.reformatted!({ t: "reformatted", viewport: 0, request, series: null, code: "reformat_cancelled" });
  await settled();
  expect(told).toMatchObject([{ code: "reformat_cancelled", series: null }]);
  expect(reformats.isPending(reformats.jobs.value[0]!)).toBe(false);
});

test("a volume rendering and a stack are no planes to cut along", () => {
  expect(reformats.ask(desk, { ...PLAN, role: "volume" }, () => undefined)).toBe(false);
  expect(reformats.ask(desk, { ...PLAN, role: "stack" }, () => undefined)).toBe(false);
  expect(sent).toEqual([]);
});

test("of a thin plane means are proposed, of a slab what it shows", () => {
  expect(plans.proposed("coronal", coronal())).toMatchObject({ thickness_mm: 3, spacing_mm: 3, projection: "mean" });
  const slab = { ...coronal(), thickness_mm: 12, projection: "min" as const };
  expect(plans.proposed("coronal", slab)).toMatchObject({ thickness_mm: 12, spacing_mm: 12, projection: "min" });
});

test("a second click while just this is being made asks for nothing; another plan does", () => {
  expect(reformats.isAsked(desk, PLAN)).toBe(false);
  reformats.ask(desk, PLAN, () => undefined);
  expect([reformats.isAsked(desk, PLAN), reformats.ask(desk, PLAN, () => undefined)]).toEqual([true, false]);
  expect(reformats.ask(desk, { ...PLAN, thickness_mm: 8 }, () => undefined)).toBe(true);
  const [first] = sent as Reformat[];
  hear.reformatted!({ t: "reformatted", viewport: 0, request: first!.request, series: 40 });
  expect(reformats.isAsked(desk, PLAN)).toBe(false);
  expect(sent.length).toBe(2);
});

test("what is cancelled while the line is cut is cancelled when the server tells of it again", () => {
  reformats.ask(desk, PLAN, () => undefined);
  const { request } = sent[0] as Reformat;
  state.value = "lost";
  reformats.cancel(desk, reformats.jobs.value[0]!); // a line that is cut sends nothing
  sent = [];
  state.value = "open";
  expect(sent).toMatchObject([{ t: "reformat", request }]); // without it the server does not know which is meant
  hear.reformatting!({ t: "reformatting", viewport: 0, request, done: 1, total: 11 });
  expect(sent[1]).toEqual({ t: "cancel_reformat", request });
  hear.reformatted!({ t: "reformatted", viewport: 0, request, series: null, code: "reformat_cancelled" });
  state.value = "lost";
  state.value = "open";
  expect(sent.length).toBe(2);
});

test("in another study nothing is said of what is made in this one", async () => {
  const told: reformats.Job[] = [];
  reformats.ask(desk, PLAN, (job) => void told.push(job));
  const { request } = sent[0] as Reformat;
  const first = desk.study.value!;
  expect(reformats.jobsHere(desk).length).toBe(1);
  vi.spyOn(client, "fetchStudy").mockResolvedValue(first);
  desk.study.value = { ...first, study: { ...first.study, id: 4 } };
  expect(reformats.jobsHere(desk)).toEqual([]);
  hear.reformatted!({ t: "reformatted", viewport: 0, request, series: 40 });
  await settled();
  await settled();
  expect(told).toEqual([]);
  expect(desk.study.value!.study.id).toBe(4);
  desk.study.value = first;
  expect(reformats.jobsHere(desk)).toMatchObject([{ series: 40 }]);
});

test("the name of a line stands on it, where it leaves the picture, and nowhere where it does not come in", () => {
  expect(plans.nameOn({ at: [0, 20], along: [1, 0] }, [100, 50])).toEqual([100, 20]);
  expect(plans.nameOn({ at: [-30, 0], along: [0, 1] }, [100, 50])).toEqual([-30, 50]);
  const slanting = plans.nameOn({ at: [6, -8], along: [0.8, 0.6] }, [100, 50])!;
  expect(slanting[1]).toBeCloseTo(50, 9);
  expect((slanting[0] - 6) / 0.8).toBeCloseTo((slanting[1] + 8) / 0.6, 9);
  expect(plans.nameOn({ at: [0, 60], along: [1, 0] }, [100, 50])).toBeNull();
});

test("the section is a plane to be cut while one looks along a curve", () => {
  expect(plans.rolesHere(desk)).toEqual(["axial", "coronal", "sagittal"]);
  desk.along.value = { scroll: () => undefined };
  expect(plans.rolesHere(desk)).toEqual(["axial", "coronal", "sagittal", "section"]);
});
