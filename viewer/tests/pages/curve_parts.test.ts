import { h } from "preact";
import { beforeEach, expect, test, vi } from "vitest";
import { AlongDock } from "../../src/pages/reading/along_dock";
import * as courses from "../../src/reading/courses";
import { Walk } from "../../src/reading/walk";
import { desk } from "../../src/session";
import { language, words } from "../../src/words/words";
import { elements } from "./elements";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

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
