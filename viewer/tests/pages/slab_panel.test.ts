import { h } from "preact";
import { expect, test, vi } from "vitest";
import { SlabPanel } from "../../src/pages/reading/volume_panels";
import { desk } from "../../src/session";
import type { CurvedView } from "../../src/stream/messages";
import { elements } from "./elements";

vi.mock("../../src/stream/digest.worker?worker", () => ({ default: class {} }));

test("a curved picture has a slab's thickness and projection in its panel, as a plane has", () => {
  const { curved } = desk.viewports;
  const view: CurvedView = { kind: "curved", series: 9, stack: "ab", points: [[0, 0, 0], [0, 0, 50]], layout: "straightened", along_mm: 25, extent_mm: 60, window: [40, 400], projection: "max", thickness_mm: 0 };
  curved.view.value = view;
  desk.active.value = "curved";
  const part = (testid: string) => elements(h(SlabPanel, {})).find(({ props }) => props["data-testid"] === testid)!.props;
  (part("slab-thickness").onInput as (event: object) => void)({ currentTarget: { value: "5" } });
  expect(curved.view.value).toMatchObject({ thickness_mm: 5, projection: "max" });
  (part("projection-min").onClick as () => void)();
  expect(curved.view.value).toMatchObject({ thickness_mm: 5, projection: "min" });
  expect([part("slab-thickness").value, part("projection-min")["aria-pressed"]]).toEqual([5, true]);
});
