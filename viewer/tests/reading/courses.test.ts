import { signal } from "@preact/signals";
import { beforeEach, expect, test, vi } from "vitest";
import type { StudyInfo } from "../../src/api/messages";
import type { CurvedView, Pick, Picked, PlaneView, Trace, Traced } from "../../src/stream/messages";
import { cross, dot, length, subtract, type Vector2, type Vector3 } from "../../src/geometry/vectors";
import { courseIn, sectionIn, shownIn } from "../../src/reading/along";
import * as courses from "../../src/reading/courses";
import { CurvePen } from "../../src/reading/curve_pen";
import { undo } from "../../src/reading/commands";
import type { Desk } from "../../src/reading/desk";
import { ViewportHands } from "../../src/reading/hands";
import * as kept from "../../src/reading/kept_planes";
import * as looks from "../../src/reading/looks";
import * as moves from "../../src/reading/moves";
import * as slabs from "../../src/reading/slabs";
import * as turns from "../../src/reading/turns";
import { openMpr, openStack, openStackLayout } from "../../src/reading/opening";
import * as walk from "../../src/reading/walk";
import type { Drawn } from "../../src/stream/screen";
import { words } from "../../src/words/words";
import { chest, openChest, seriesOf, settled } from "./chest";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

/** A server whose curves are straight lines from the first point to the last. */
function straight({ points }: Trace): Traced {
  const [from, to] = [points[0]!, points[points.length - 1]!];
  const way = subtract(to, from);
  const far = length(way);
  const tangent = way.map((part) => part / far) as Vector3;
  const side: Vector3 = Math.abs(tangent[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0];
  const loose = cross(tangent, side);
  const normal = loose.map((part) => part / length(loose)) as Vector3;
  const at = (part: number): Vector3 => from.map((start, i) => start + way[i]! * part) as Vector3;
  const all = Array.from({ length: 101 }, (_, i) => i / 100);
  return { t: "traced", viewport: 1, n: 1, length_mm: far, points: all.map(at), tangents: all.map(() => tangent), normals: all.map(() => normal) };
}

let asked: Trace[];
/** Whether questions about curves are lost on the way, or wait until a test has them answered. */
let [lost, slow] = [false, false];
let late: (() => void)[];
/** Picks that wait for the server, and how it answers each. */
let picks: { pick: Pick; answer(said: Partial<Picked> | null): void }[];
let desk: Desk;
beforeEach(async () => {
  courses.curves.value = [];
  kept.planes.value = [];
  asked = [];
  picks = [];
  late = [];
  lost = slow = false;
  const ask = (wanted: (n: number) => Trace | Pick): Promise<Traced | Picked | null> => {
    const question = wanted(1);
    if (question.t === "pick") return new Promise((resolve) => picks.push({ pick: question, answer: (said) => resolve(said as Picked | null) }));
    asked.push(question);
    if (lost) return Promise.resolve(null);
    if (slow) return new Promise((resolve) => late.push(() => resolve(straight(question))));
    return Promise.resolve(straight(question));
  };
  desk = openChest(chest(), { ask, palettes: signal([]), state: signal("open") });
  openMpr(desk, null);
  draw();
  await settled();
});

/** What is asked for is on the screen. */
function draw(): void {
  for (const viewport of Object.values(desk.viewports)) {
    const view = viewport.view.value;
    viewport.density = 1;
    if (view) viewport.drawn.value = { view, frame: { full_width: 800, full_height: 600 } as Drawn };
  }
}

const hands = () => new ViewportHands(desk, desk.viewports.axial, () => 1, (at) => at);
const axial = (): PlaneView => desk.viewports.axial.view.value as PlaneView;
const curved = (): CurvedView => desk.viewports.curved.view.value as CurvedView;
const section = (): PlaneView => desk.viewports.section.view.value as PlaneView;
const under = ([x, y]: Vector2): Vector3 => {
  const { centre, right, down, extent_mm } = axial();
  return centre.map((part, i) => part + ((x - 400) * right[i]! + (y - 300) * down[i]!) * (extent_mm / 600)) as Vector3;
};

/** Points tapped on the axial plane; ended by a double tap. */
async function tapped(...places: Vector2[]): Promise<number> {
  const pen = new CurvePen(desk, null, (id) => walk.open(desk, id));
  desk.pen.value = pen;
  for (const at of places) hands().tap(at, "mouse");
  hands().doubleTap(places[places.length - 1]!, "mouse");
  await settled();
  await settled();
  return pen.id;
}

test("taps set control points in the patient, and a double tap ends the curve and looks along it", async () => {
  const id = await tapped([200, 300], [400, 200], [600, 300]);
  const curve = courses.curveOf(id)!;
  expect(curve.points).toEqual([under([200, 300]), under([400, 200]), under([600, 300])].map((point) => point.map((part) => expect.closeTo(part, 9))));
  expect(asked[asked.length - 1]!.points.length).toBe(3);
  const mm = axial().extent_mm / 600;
  expect(courses.courseOf(curve)!.length_mm).toBeCloseTo(400 * mm, 6);
  expect(desk.pen.value).toBeNull();
  expect(desk.shownRoles.value).toEqual(["axial", "coronal", "sagittal", "section", "curved"]);
  expect(curved()).toMatchObject({ kind: "curved", layout: "straightened", series: 9, stack: "ab", window: axial().window, angle: 0, thickness_mm: 0 });
  expect(curved().points).toEqual(curve.points);
  expect(curved().along_mm).toBeCloseTo(200 * mm, 6); // seen whole, from its middle
  expect(curved().extent_mm).toBeGreaterThanOrEqual(400 * mm);
});

test("a drag moves the control point under it, in the plane, and nothing else draws", async () => {
  desk.pen.value = new CurvePen(desk, null, () => undefined);
  hands().tap([300, 300], "mouse");
  hands().tap([500, 300], "mouse");
  const before = desk.cross.value;
  const hand = hands();
  hand.press();
  for (const y of [320, 350, 400]) hand.drag({ fingers: 1, buttons: 1, pointer: "mouse", start: [306, 296], at: [306, y], dx: 0, dy: 1, axis: "y" });
  hand.rest();
  const [moved, other] = courses.curves.value[0]!.points;
  const wanted = under([300, 404]);
  moved!.forEach((part, i) => expect(part).toBeCloseTo(wanted[i]!, 6));
  expect(other).toEqual(under([500, 300]));
  expect(desk.cross.value).toEqual(before);
  // Beside all points the hand does what it always does: the crosshair follows the mouse.
  hand.press();
  hand.drag({ fingers: 1, buttons: 1, pointer: "mouse", start: [100, 100], at: [120, 110], dx: 20, dy: 10, axis: "x" });
  hand.rest();
  expect(desk.cross.value).not.toEqual(before);
});

test("on a MIP slab a point lies where the brightest is seen, in the order of the taps, and the curve waits for it", async () => {
  slabs.setProjection(desk.viewports.axial, "max");
  draw();
  const done = vi.fn();
  const pen = new CurvePen(desk, null, done);
  desk.pen.value = pen;
  hands().tap([300, 300], "mouse");
  hands().tap([500, 300], "mouse");
  expect(pen.points.value).toEqual([]); // the middle of the slab is no answer
  expect(picks.length).toBe(1); // of a viewport the server answers the newest alone: one after the other
  expect(picks[0]!.pick).toMatchObject({ at: [300, 300], width: 800, height: 600, view: { projection: "max", thickness_mm: 20 } });
  slabs.setThickness(desk.viewports.axial, 0, false);
  draw();
  hands().tap([550, 300], "mouse"); // by now a thin plane: its point still comes third
  hands().doubleTap([550, 300], "mouse");
  picks[0]!.answer({ point: [1, 2, 7] });
  await settled();
  await settled();
  expect(picks[1]!.pick).toMatchObject({ at: [500, 300], view: { thickness_mm: 20 } }); // of the picture that was tapped
  expect(done).not.toHaveBeenCalled();
  picks[1]!.answer({ point: [40, 2, -6] });
  for (let i = 0; i < 6; i += 1) await settled();
  expect(pen.points.value).toEqual([[1, 2, 7], [40, 2, -6], under([550, 300])]);
  expect(desk.pen.value).toBeNull();
  expect(done).toHaveBeenCalledWith(pen.id);
});

test("where nothing is seen in a slab, or nobody says what, no point is set and the reader is told", async () => {
  slabs.setProjection(desk.viewports.axial, "min");
  draw();
  const pen = new CurvePen(desk, null, () => undefined);
  desk.pen.value = pen;
  const told = (): string => desk.toast.value!.say(words.value);
  hands().tap([300, 300], "mouse");
  picks[0]!.answer({ point: null });
  for (let i = 0; i < 3; i += 1) await settled();
  expect([pen.points.value, told()]).toEqual([[], words.value.nothing_there]);
  hands().tap([300, 300], "mouse");
  picks[1]!.answer(null);
  for (let i = 0; i < 3; i += 1) await settled();
  expect([pen.points.value, told()]).toEqual([[], words.value.pick_unanswered]);
  slabs.setProjection(desk.viewports.axial, "mean"); // it shows all depths alike: the middle is as good as any
  draw();
  hands().tap([300, 300], "mouse");
  expect(pen.points.value).toEqual([under([300, 300])]);
});

test("Backspace takes the last point back, and what is no curve leaves nothing behind", async () => {
  const pen = new CurvePen(desk, null, () => undefined);
  desk.pen.value = pen;
  for (const at of [[300, 300], [500, 300]] as Vector2[]) hands().tap(at, "mouse");
  pen.back();
  expect(courses.curves.value[0]!.points.length).toBe(1);
  pen.cancel();
  expect([courses.curves.value, desk.pen.value]).toEqual([[], null]);
});

test("the section lies across the curve where one goes, and one looks along it", async () => {
  await tapped([200, 300], [600, 300]);
  const on = walk.walkOf(desk)!;
  const { length_mm, points } = courses.courseOf(on.curve.value!)!;
  for (const mm of [0, length_mm / 3, length_mm]) {
    on.go(mm, false);
    const { centre, right, down } = section();
    const wanted = points[0]!.map((part, i) => part + ((points[100]![i]! - part) * mm) / length_mm) as Vector3;
    expect(length(subtract(centre, wanted))).toBeLessThan(1e-9);
    expect(dot(cross(right, down), subtract(points[100]!, points[0]!))).toBeCloseTo(length_mm, 9);
  }
  on.go(10, false);
  moves.scroll(desk, desk.viewports.section, 3, false);
  expect(on.at_mm.value).toBe(13);
  on.go(1e6, false);
  expect(on.at_mm.value).toBe(length_mm);
});

test("the curved picture turns, pans, zooms, windows and slabs like any other, and is neither rotated nor mirrored", async () => {
  await tapped([200, 300], [600, 300]);
  const { curved: viewport } = desk.viewports;
  moves.scroll(desk, viewport, 3, false);
  expect(curved().angle).toBe(15);
  moves.scroll(desk, viewport, -4, false);
  expect(curved().angle).toBe(355);
  const { along_mm, extent_mm } = curved();
  const mm = extent_mm / 600;
  moves.pan(viewport, 10, -20, false);
  expect(curved().along_mm).toBeCloseTo(along_mm + 20 * mm, 9);
  expect(curved().across_mm).toBeCloseTo(-10 * mm, 9);
  const held = curved().along_mm + (100 - 300) * mm;
  moves.zoom(viewport, 2, [400, 100], false);
  expect(curved().extent_mm).toBeCloseTo(extent_mm / 2, 9);
  expect(curved().along_mm + ((100 - 300) * mm) / 2).toBeCloseTo(held, 9); // what was under the hand stays there
  looks.setWindow(desk, [40, 400], false);
  expect([curved().window, section().window, axial().window]).toEqual([[40, 400], [40, 400], [40, 400]]);
  const before = [curved(), section()];
  turns.rotate(desk, viewport, 90);
  turns.flip(viewport, "horizontal");
  turns.flip(desk.viewports.section, "vertical");
  expect([curved(), section()]).toEqual(before);
  moves.reset(desk, viewport);
  expect(curved().extent_mm).toBeCloseTo(extent_mm, 9);
  walk.walkOf(desk)!.setLayout("stretched");
  expect(curved()).toMatchObject({ layout: "stretched", across_mm: 0 });
});

test("two curves and two planes are kept, named, shown again and deleted", async () => {
  const first = await tapped([200, 300], [600, 300]);
  const second = await tapped([300, 100], [300, 500], [350, 550]);
  courses.rename(first, "  LAD ");
  expect(courses.curvesHere(desk).map(({ name, points }) => [name, points.length])).toEqual([["LAD", 2], ["", 3]]);
  expect(curved().points.length).toBe(3);
  walk.open(desk, first);
  expect(curved().points.length).toBe(2);

  desk.active.value = "axial";
  turns.rotate(desk, desk.viewports.axial, 30);
  const oblique = axial();
  kept.keepPlane(desk, "");
  moves.reset(desk, desk.viewports.axial);
  desk.active.value = "coronal";
  kept.keepPlane(desk, "cor");
  moves.scroll(desk, desk.viewports.axial, 10, false);
  kept.recall(desk, kept.planesHere(desk)[0]!);
  expect(axial()).toMatchObject({ centre: oblique.centre, right: oblique.right, down: oblique.down });
  expect(desk.active.value).toBe("axial");
  kept.forgetPlane(kept.planesHere(desk)[0]!.id);
  expect(kept.planesHere(desk).map(({ name }) => name)).toEqual(["cor"]);

  courses.remove(first);
  expect(desk.along.value).toBeNull(); // nothing to look along any more
  expect(desk.shownRoles.value).toEqual(["axial", "coronal", "sagittal", "volume"]);
  courses.remove(second);
  expect(courses.curvesHere(desk)).toEqual([]);
});

test("what is edited while one looks along it is followed, and undo leaves the curve where it is", async () => {
  const id = await tapped([200, 300], [600, 300]);
  await settled();
  walk.walkOf(desk)!.setAngle(90, false);
  await settled();
  await courses.setPoints(desk, id, [under([200, 300]), under([600, 400])]);
  await settled();
  expect(curved().points[1]).toEqual(under([600, 400]));
  desk.history.undo();
  expect(curved()).toMatchObject({ angle: 0, points: [under([200, 300]), under([600, 400])] });
});

test("while a control point is dragged pictures along the curve are on their way, and rest with the hand", async () => {
  await tapped([200, 300], [600, 300]);
  draw();
  const pen = new CurvePen(desk, courses.curves.value[0]!, () => undefined);
  desk.pen.value = pen;
  const hand = hands();
  hand.press();
  for (const y of [320, 350, 400]) hand.drag({ fingers: 1, buttons: 1, pointer: "mouse", start: [600, 300], at: [600, y], dx: 0, dy: 1, axis: "y" });
  await settled();
  await settled();
  const { curved: viewport, section: across } = desk.viewports;
  expect([viewport.moving.value, across.moving.value]).toEqual([true, true]);
  expect(curved().points[1]).not.toEqual(under([600, 300]));
  hand.rest();
  await settled();
  expect([viewport.moving.value, across.moving.value]).toEqual([false, false]);
});

test("where a trace is lost the pictures stay those of the points before, with their own length, and it is asked again", async () => {
  const id = await tapped([200, 300], [600, 300]);
  const before = courses.curveOf(id)!;
  vi.useFakeTimers();
  lost = true;
  await courses.setPoints(desk, id, [under([200, 300]), under([600, 400])]);
  await settled();
  const between = courses.curveOf(id)!;
  expect([courses.courseOf(between), courses.isImpossible(between)]).toEqual([null, false]); // nobody knows
  expect(curved().points).toEqual(before.points);
  expect(courseIn(desk, curved())).toBe(courses.courseOf(before));
  expect(courseIn(desk, { ...curved(), points: between.points as Vector3[] })).toBeNull();
  for (let i = 0; i < 3; i += 1) await vi.advanceTimersByTimeAsync(1000);
  expect(courses.courseOf(courses.curveOf(id)!)).toBeNull();
  lost = false;
  await vi.advanceTimersByTimeAsync(1000);
  vi.useRealTimers();
  const after = courses.curveOf(id)!;
  expect(curved().points).toEqual(after.points);
  expect(courseIn(desk, curved())).toBe(courses.courseOf(after));
  expect(courses.courseOf(after)!.length_mm).toBeGreaterThan(courses.courseOf(before)!.length_mm);
});

test("the section's place is that of its picture, however far the hand is ahead", async () => {
  await tapped([200, 300], [600, 300]);
  const on = walk.walkOf(desk)!;
  on.go(10, false);
  draw();
  on.go(30, true);
  const drawn = (): PlaneView => shownIn(desk, "section") as PlaneView;
  expect(sectionIn(desk, drawn())!.mm).toBeCloseTo(10, 6);
  draw();
  expect(sectionIn(desk, drawn())!.mm).toBeCloseTo(30, 6);
  moves.pan(desk.viewports.section, 40, 25, false);
  draw();
  expect(sectionIn(desk, drawn())!.mm).toBeCloseTo(30, 6);
  await courses.setPoints(desk, on.id, [under([200, 300]), under([600, 500])]);
  await settled();
  expect(sectionIn(desk, drawn())).toBeNull(); // the old curve's picture is none of the new one's
});

test("while a control point is dragged one trace is on its way, and the newest follows it", async () => {
  await tapped([200, 300], [600, 300]);
  draw();
  desk.pen.value = new CurvePen(desk, courses.curves.value[0]!, () => undefined);
  asked = [];
  slow = true;
  const hand = hands();
  hand.press();
  for (let y = 301; y <= 400; y += 1) hand.drag({ fingers: 1, buttons: 1, pointer: "mouse", start: [600, 300], at: [600, y], dx: 0, dy: 1, axis: "y" });
  hand.rest();
  expect(asked.length).toBe(1);
  late.shift()!();
  for (let i = 0; i < 4; i += 1) await settled();
  expect(asked.length).toBe(2);
  const { points } = courses.curves.value[0]!;
  expect(asked[1]!.points).toEqual(points);
  late.shift()!();
  for (let i = 0; i < 4; i += 1) await settled();
  expect(asked.length).toBe(2);
  expect(curved().points).toEqual(points);
});

test("the stack and the planes come and go around a curve, and another series knows none", async () => {
  await tapped([200, 300], [600, 300]);
  openStackLayout(desk);
  expect(desk.shownRoles.value).toEqual(["stack"]);
  openMpr(desk, null);
  expect(desk.shownRoles.value).toContain("curved");
  walk.close(desk);
  expect(desk.shownRoles.value).toEqual(["axial", "coronal", "sagittal", "volume"]);
  desk.series.value = { ...desk.series.value!, id: 77 };
  expect(courses.curvesHere(desk)).toEqual([]);
});

test("another patient's study knows no curve and no plane of this one, whatever frame of reference its files claim", async () => {
  const claimed = chest();
  const same = chest({ volume: { ...claimed.volume!, frame_of_reference: "1.2.3" } });
  const studyOf = (id: number): StudyInfo => ({ study: { id }, series: [], conflicts: 0 }) as unknown as StudyInfo;
  desk.study.value = studyOf(3);
  openStack(desk, seriesOf(same), same);
  openMpr(desk, null);
  draw();
  await tapped([200, 300], [600, 300]);
  desk.active.value = "axial";
  kept.keepPlane(desk, "");
  const here = (): number[] => [courses.curvesHere(desk).length, kept.planesHere(desk).length];
  expect(here()).toEqual([1, 1]);
  openStack(desk, seriesOf(same, { id: 10 }), same); // another series of this study
  expect(here()).toEqual([1, 1]);
  desk.study.value = studyOf(4);
  openStack(desk, seriesOf(same, { id: 20 }), same);
  openMpr(desk, null);
  expect(here()).toEqual([0, 0]);
  desk.study.value = studyOf(3);
  expect(here()).toEqual([1, 1]);
});

test("a double click on the curved picture fills the grid with it, and its first click has moved nothing", async () => {
  await tapped([200, 300], [600, 300]);
  draw();
  const before = { cross: desk.cross.value, coronal: desk.viewports.coronal.view.value };
  const now = () => ({ cross: desk.cross.value, coronal: desk.viewports.coronal.view.value });
  const hand = new ViewportHands(desk, desk.viewports.curved, () => 1, (at) => at);
  const far: Vector3 = [20, 30, 0];
  // The server answers between the two clicks.
  hand.tap([400, 300], "mouse");
  picks[0]!.answer({ point: far, value: 7 });
  for (let i = 0; i < 4; i += 1) await settled();
  expect(desk.cross.value).toEqual(far);
  hand.doubleTap([400, 300], "mouse");
  expect([now(), desk.toast.value, desk.maximised.value]).toEqual([before, null, "curved"]);
  // And after them.
  hand.tap([400, 300], "mouse");
  hand.doubleTap([400, 300], "mouse");
  picks[1]!.answer({ point: far, value: 7 });
  for (let i = 0; i < 4; i += 1) await settled();
  expect([now(), desk.toast.value, desk.maximised.value]).toEqual([before, null, null]);
  // One click alone does go there.
  hand.tap([400, 300], "mouse");
  picks[2]!.answer({ point: far, value: 7 });
  for (let i = 0; i < 4; i += 1) await settled();
  expect(desk.cross.value).toEqual(far);
});

test("pictures along a curve have no images to play", async () => {
  await tapped([200, 300], [600, 300]);
  for (const role of ["curved", "section"] as const) {
    desk.active.value = role;
    expect(desk.cine.choices.value).toEqual([]);
    desk.cine.toggle();
    expect(desk.cine.playing.value).toBe(false);
  }
  desk.active.value = "axial";
  expect(desk.cine.choices.value).toEqual(["images"]);
});

const dragged = (from: Vector2, to: Vector2): void => {
  const hand = hands();
  hand.press();
  for (const part of [0.3, 0.7, 1]) {
    const at: Vector2 = [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part];
    hand.drag({ fingers: 1, buttons: 1, pointer: "mouse", start: from, at, dx: 1, dy: 1, axis: "y" });
  }
  hand.rest();
};

test("while a curve is drawn undo takes back what the pen did last, and then what was done to the pictures", async () => {
  looks.setWindow(desk, [40, 400], false);
  await settled();
  const pen = new CurvePen(desk, null, () => undefined);
  desk.pen.value = pen;
  hands().tap([300, 300], "mouse");
  hands().tap([500, 300], "mouse");
  dragged([500, 300], [500, 400]);
  const [, moved] = pen.points.value;
  moved!.forEach((part, i) => expect(part).toBeCloseTo(under([500, 400])[i]!, 6));
  undo(desk);
  expect(pen.points.value).toEqual([under([300, 300]), under([500, 300])]); // a whole drag is one step
  pen.back();
  undo(desk);
  expect(pen.points.value).toEqual([under([300, 300]), under([500, 300])]);
  undo(desk);
  undo(desk);
  expect([pen.points.value, axial().window]).toEqual([[], [40, 400]]);
  undo(desk);
  expect(axial().window).not.toEqual([40, 400]);
});

test("a curve whose changes are cancelled is as it was before, and the changes can be had again", async () => {
  const id = await tapped([200, 300], [600, 300]);
  draw();
  const before = courses.curveOf(id)!.points;
  const pen = new CurvePen(desk, courses.curveOf(id), () => undefined);
  desk.pen.value = pen;
  dragged([600, 300], [600, 400]);
  hands().tap([500, 500], "mouse");
  const edited = courses.curveOf(id)!.points;
  expect(edited.length).toBe(3);
  pen.cancel();
  for (let i = 0; i < 3; i += 1) await settled();
  expect([courses.curveOf(id)!.points, desk.pen.value]).toEqual([before, null]);
  expect(curved().points).toEqual(before);
  desk.toast.value!.offer!.run();
  for (let i = 0; i < 3; i += 1) await settled();
  expect(curved().points).toEqual(edited);
  // Finished, they stay; without changes nothing is said.
  desk.toast.value = null;
  desk.pen.value = new CurvePen(desk, courses.curveOf(id), () => undefined);
  desk.pen.value.finish();
  await settled();
  expect([courses.curveOf(id)!.points, desk.toast.value]).toEqual([edited, null]);
});

test("a curve and a plane that were deleted come back to their places", async () => {
  const ids = [await tapped([200, 300], [600, 300]), await tapped([300, 100], [300, 500]), await tapped([100, 100], [300, 500])];
  const bring = courses.remove(ids[1]!);
  expect(courses.curvesHere(desk).map(({ id }) => id)).toEqual([ids[0], ids[2]]);
  bring();
  bring();
  expect(courses.curvesHere(desk).map(({ id }) => id)).toEqual(ids);
  for (const name of ["one", "two"]) {
    desk.active.value = "axial";
    kept.keepPlane(desk, name);
  }
  const again = kept.forgetPlane(kept.planesHere(desk)[0]!.id);
  expect(kept.planesHere(desk).map(({ name }) => name)).toEqual(["two"]);
  again();
  expect(kept.planesHere(desk).map(({ name }) => name)).toEqual(["one", "two"]);
});

test("a tap on the line of a curve that is edited sets a point between two others; while one is drawn it goes on", async () => {
  const id = await tapped([200, 300], [600, 300]);
  draw();
  desk.pen.value = new CurvePen(desk, courses.curveOf(id), () => undefined);
  hands().tap([402, 304], "mouse");
  const { points } = courses.curveOf(id)!;
  expect(points.length).toBe(3);
  points[1]!.forEach((part, i) => expect(part).toBeCloseTo(under([400, 300])[i]!, 0));
  undo(desk);
  expect(courses.curveOf(id)!.points.length).toBe(2);
  desk.pen.value.cancel();
  desk.pen.value = new CurvePen(desk, null, () => undefined);
  for (const at of [[200, 400], [600, 400]] as Vector2[]) hands().tap(at, "mouse");
  await settled();
  hands().tap([402, 404], "mouse");
  expect(courses.curves.value[1]!.points[2]).toEqual(under([402, 404]));
});
