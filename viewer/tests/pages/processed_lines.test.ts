import { h } from "preact";
import { beforeEach, expect, test, vi } from "vitest";
import { desk } from "../../src/session";
import type { CurvedView, PlaneView } from "../../src/stream/messages";
import { ProcessedLines } from "../../src/pages/reading/processed_lines";
import { language } from "../../src/words/words";
import { said } from "./elements";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

const common = { series: 9, stack: "ab", extent_mm: 40, window: [40, 400] as [number, number] };
const section: PlaneView = { kind: "plane", ...common, centre: [0, 0, 0], right: [1, 0, 0], down: [0, 1, 0], projection: "max", thickness_mm: 0 };
const curved: CurvedView = { kind: "curved", ...common, points: [[0, 0, 0], [0, 0, 50]], layout: "straightened", along_mm: 25 };

beforeEach(() => {
  language.value = "zh";
});

test("a section and a curved picture say in their corners that they are slabs, and of which kind", () => {
  const across = (view: PlaneView) => said(h(ProcessedLines, { viewport: desk.viewports.section, view }), "slab-text");
  const along = (view: CurvedView) => said(h(ProcessedLines, { viewport: desk.viewports.curved, view }), "slab-text");
  expect(across({ ...section, thickness_mm: 20 })).toBe("MIP 20 mm");
  expect(across({ ...section, thickness_mm: 5, projection: "min" })).toBe("MinIP 5 mm");
  expect(across(section)).toBe(along(curved));
  expect(across(section)).toBe("薄层");
  expect(along({ ...curved, thickness_mm: 4, projection: "mean" })).toMatch(/ 4 mm$/);
});
