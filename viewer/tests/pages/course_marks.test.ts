import { h } from "preact";
import { beforeEach, expect, test, vi } from "vitest";
import type { Course } from "../../src/geometry/course";
import type { Vector3 } from "../../src/geometry/vectors";
import { CourseMarks } from "../../src/pages/reading/course_marks";
import * as courses from "../../src/reading/courses";
import type { Viewport } from "../../src/reading/viewport";
import { Walk } from "../../src/reading/walk";
import { desk } from "../../src/session";
import type { Drawn } from "../../src/stream/screen";
import type { CurvedView, PlaneView } from "../../src/stream/messages";
import { elements } from "./elements";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

/** Straight towards the head, its frame along the patient's axes. */
const all = <T>(value: (z: number) => T): T[] => Array.from({ length: 51 }, (_, z) => value(z));
const straight: Course = { length_mm: 50, points: all((z) => [0, 0, z]), tangents: all(() => [0, 0, 1]), normals: all(() => [1, 0, 0]) };
const POINTS: [number, number, number][] = [[0, 0, 0], [0, 0, 50]];
const SIZE = { width: 400, height: 400 };
const common = { series: 9, stack: "ab", window: [40, 400] as [number, number], extent_mm: 40 };
const section: PlaneView = { kind: "plane", ...common, centre: [0, 0, 20], right: [1, 0, 0], down: [0, 1, 0] };
const curved: CurvedView = { kind: "curved", ...common, points: POINTS, layout: "straightened", along_mm: 25, angle: 30 };
const coronal: PlaneView = { kind: "plane", ...common, extent_mm: 100, centre: [0, 0, 25], right: [1, 0, 0], down: [0, 0, -1] };

function draw(viewport: Viewport, view: PlaneView | CurvedView): void {
  viewport.view.value = view;
  viewport.drawn.value = { view, frame: { full_width: 400, full_height: 400 } as Drawn };
}

const marks = (viewport: Viewport, view: PlaneView) =>
  elements(h(CourseMarks, { viewport, view, size: SIZE, density: 1 }) as never).map(({ type, props }) => ({ type, ...props }) as Record<string, unknown>);

beforeEach(() => {
  courses.curves.value = [{ id: 1, name: "", space: courses.spaceOf(desk), points: POINTS, traced: { points: POINTS, course: straight } }];
  desk.along.value = new Walk(desk, 1);
  draw(desk.viewports.section, section);
  draw(desk.viewports.curved, curved);
});

test("the section's place is marked on a plane where its picture lies, and nowhere when the curve has moved on", () => {
  const walk = desk.along.value as Walk;
  walk.at_mm.value = 45; // the hand is ahead
  const stand = () => marks(desk.viewports.coronal, coronal).find((mark) => mark["data-testid"] === "stand");
  expect(stand()).toMatchObject({ cx: 200, cy: 200 + 5 * 4 }); // 20 mm of 25, four pixels a millimetre
  const bent: Course = { ...straight, tangents: all(() => [0.6, 0, 0.8] as Vector3) };
  courses.curves.value = courses.curves.value.map((curve) => ({ ...curve, traced: { points: curve.points, course: bent } }));
  expect(stand()).toBeUndefined();
});

test("the rows of a straightened picture are drawn on the section, turned as its picture is, and of no other layout", () => {
  const lines = () => marks(desk.viewports.section, section).filter((mark) => mark.class === "row-line");
  desk.viewports.curved.view.value = { ...curved, angle: 80 }; // asked for, not yet drawn
  const [line] = lines();
  const [u, v] = [(line!.x2 as number) - (line!.x1 as number), (line!.y2 as number) - (line!.y1 as number)];
  expect((Math.atan2(v, u) * 180) / Math.PI).toBeCloseTo(30, 9);
  for (const layout of ["stretched", "projected"] as const) {
    draw(desk.viewports.curved, { ...curved, layout });
    expect(lines()).toEqual([]); // their lines run in a direction that need not lie in the section
  }
});
