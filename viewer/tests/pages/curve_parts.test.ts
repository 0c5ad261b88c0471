import { h } from "preact";
import { beforeEach, expect, test, vi } from "vitest";
import { AlongDock } from "../../src/pages/reading/along_dock";
import type { Course } from "../../src/geometry/course";
import * as courses from "../../src/reading/courses";
import { openMpr, openStack } from "../../src/reading/opening";
import { open, Walk } from "../../src/reading/walk";
import { desk } from "../../src/session";
import { language, words } from "../../src/words/words";
import { chest, seriesOf } from "../reading/chest";
import { elements } from "./elements";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));
vi.mock("../../src/pages/common", () => ({ narrow: { value: false } }));
vi.mock("../../src/pages/reading/number_field", () => ({ NumberField: (props: object) => h("input", props) })); // it has a state

beforeEach(() => {
  language.value = "zh";
  const points: [number, number, number][] = [[0, 0, 0], [0, 0, 50]];
  courses.curves.value = [{ id: 1, name: "LAD", space: courses.spaceOf(desk), points, traced: null }];
  desk.along.value = new Walk(desk, 1);
});

test("the angle's slider ends before it would begin again", () => {
  const slider = elements(h(AlongDock, {})).find(({ props }) => props["data-testid"] === "curve-angle");
  expect([slider!.props.min, slider!.props.max]).toEqual([0, 359]);
});

test("a curve that the server has not traced yet is waited for, and one that cannot be is said to be none", () => {
  const told = () => elements(h(AlongDock, {})).find(({ props }) => props.role === "status")?.props.children;
  expect(told()).toBe(words.value.waiting);
  courses.curves.value = courses.curves.value.map((curve) => ({ ...curve, traced: { points: curve.points, course: null } }));
  expect(told()).toBe("这些点不能连成曲线。");
});

test("place and angle can be typed; what is beyond the curve's ends stays at them, and 370 degrees are 10", () => {
  const straight: Course = {
    length_mm: 50,
    points: [[0, 0, 0], [0, 0, 50]],
    tangents: [[0, 0, 1], [0, 0, 1]],
    normals: [[1, 0, 0], [1, 0, 0]],
  };
  const stack = chest();
  openStack(desk, seriesOf(stack), stack);
  openMpr(desk, null);
  courses.curves.value = courses.curves.value.map((curve) => ({ ...curve, space: courses.spaceOf(desk), traced: { points: curve.points, course: straight } }));
  open(desk, 1);
  const type = (testid: string, value: number) => {
    const field = elements(h(AlongDock, {})).find(({ props }) => props.testid === testid)!;
    (field.props.oncommit as (value: number) => void)(value);
  };
  const walk = desk.along.value as Walk;
  type("curve-place-typed", 12.34);
  expect(walk.at_mm.value).toBe(12.34);
  expect(desk.viewports.section.view.value).toMatchObject({ centre: [0, 0, 12.34] });
  type("curve-place-typed", 80);
  expect(walk.at_mm.value).toBe(50);
  type("curve-angle-typed", 370);
  expect(walk.angle).toBe(10);
});
