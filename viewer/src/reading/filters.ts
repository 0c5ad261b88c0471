/** What can be done to values before the window: which filters there are, and how far each of their dials goes. */

import { powerOfTen } from "../geometry/power_of_ten";
import { clamp } from "../geometry/vectors";
import type { Filter, View } from "../stream/messages";
import type { Viewport } from "./viewport";

export type FilterName = Filter["name"];
export type DialName = "size" | "strength" | "low" | "high";

export interface Dial {
  field: DialName;
  least: number;
  most: number;
  step: number;
  usual: number;
  /** "value" is the unit of the images. */
  unit: "mm" | "px" | "voxels" | "value" | "";
}

const millimetres = (usual: number, most: number): Dial => ({ field: "size", least: 0.5, most, step: 0.5, usual, unit: "mm" });
const strength = (least: number, most: number, step: number, usual: number): Dial => ({ field: "strength", least, most, step, usual, unit: "" });

/** In the order of the list. */
const FILTERS: readonly FilterName[] = ["gaussian", "median", "bilateral", "unsharp", "edge", "clahe", "gamma", "threshold"];
/** What spreads or cuts greys is a picture's; a rendering has its opacity for that. */
const OF_PICTURES: readonly FilterName[] = ["clahe", "gamma", "threshold"];

const isShaded = (view: View): boolean => view.kind === "volume" && !view.projection;

/** Those that a view can have. */
export const filtersOf = (view: View): readonly FilterName[] =>
  isShaded(view) ? FILTERS.filter((name) => !OF_PICTURES.includes(name)) : FILTERS;

/** The view with its filter as it takes it: none where there is no such filter, and no larger than its dial goes. */
export function fitted<V extends View>(view: V): V {
  const { filter } = view;
  if (!filter) return view;
  if (!filtersOf(view).includes(filter.name)) return { ...view, filter: null };
  const dial = dialsOf(filter.name, view, "").find(({ field }) => field === "size");
  if (!dial || filter.size == null || (filter.size >= dial.least && filter.size <= dial.most)) return view;
  return { ...view, filter: { ...filter, size: clamp(filter.size, dial.least, dial.most) } };
}

/** What values lie in, for dials that go by them: HU, or what the window shows. */
function span({ window: [centre, width] }: View, unit: string): { least: number; most: number; step: number } {
  if (unit === "HU") return { least: -1024, most: 3071, step: 1 };
  const step = powerOfTen(Math.floor(Math.log10(Math.max(width, 1e-9) / 100)));
  const round = (value: number): number => Number((Math.round(value / step) * step).toPrecision(9));
  return { least: round(centre - width), most: round(centre + width), step };
}

/** What of a filter a reader can set, in a picture with this window and unit. */
export function dialsOf(name: FilterName, view: View, unit: string): Dial[] {
  const { least, most, step } = span(view, unit);
  const value = (field: DialName, usual: number): Dial => ({ field, least, most, step, usual, unit: "value" });
  switch (name) {
    case "gaussian":
      return [millimetres(1, 10)];
    case "median": // its radius, of which a volume has fewer
      return [{ field: "size", least: 1, most: isShaded(view) ? 2 : 3, step: 1, usual: 1, unit: isShaded(view) ? "voxels" : "px" }];
    case "bilateral": {
      const wide = unit === "HU" ? 50 : Number(((most - least) / 20).toPrecision(2));
      return [millimetres(1.5, 5), { field: "strength", least: step, most: wide * 10, step, usual: wide, unit: "value" }];
    }
    case "unsharp":
      return [millimetres(2, 10), strength(0.1, 5, 0.1, 1)];
    case "edge":
      return isShaded(view) ? [millimetres(1, 5)] : [];
    case "clahe":
      return [strength(1, 10, 0.5, 3)];
    case "gamma":
      return [strength(0.2, 5, 0.1, 0.7)];
    case "threshold":
      return unit === "HU" ? [value("low", 150), value("high", most)] : [value("low", view.window[0]), value("high", most)];
  }
}

export const usual = (name: FilterName, view: View, unit: string): Filter =>
  Object.assign({ name }, ...dialsOf(name, view, unit).map(({ field, usual }) => ({ [field]: usual }))) as Filter;

export function setFilter(viewport: Viewport, filter: Filter | null, moving: boolean): void {
  const view = viewport.view.peek();
  if (view) viewport.set({ ...view, filter }, moving);
}

/** A dial of the filter that is on; a threshold's two ends push each other along. */
export function turnDial(viewport: Viewport, { field, least, most }: Dial, wanted: number, moving: boolean): void {
  const filter = viewport.view.peek()?.filter;
  if (!filter) return;
  const changed: Filter = { ...filter, [field]: clamp(wanted, least, most) };
  const { low, high } = changed;
  if (low != null && high != null && low > high) Object.assign(changed, field === "low" ? { high: low } : { low: high });
  setFilter(viewport, changed, moving);
}

export const digits = (value: number): string => String(Number(value.toPrecision(6)));

/** A dial's number with its unit, as it is read; `voxels` is the word for them. */
export function dialText({ field, unit }: Dial, filter: Filter, of: string, voxels: string): string {
  const value = filter[field];
  if (value == null) return "";
  const across = 2 * value + 1;
  if (unit === "px") return `${across} × ${across} px`;
  if (unit === "voxels") return `${across} × ${across} × ${across} ${voxels}`;
  if (unit === "mm") return `σ ${value.toFixed(1)} mm`; // of a Gaussian, which all filters by millimetres have
  return `${digits(value)} ${unit === "value" ? of : ""}`.trim();
}

/** All numbers of a filter: "σ 1.0 mm", "3 × 3 px", "150 … 3071 HU". */
export function numbersOf(filter: Filter, view: View, of: string, voxels: string): string {
  if (filter.name === "threshold") return `${digits(filter.low ?? 0)} … ${digits(filter.high ?? 0)} ${of}`.trim();
  return dialsOf(filter.name, view, of)
    .map((dial) => dialText(dial, filter, of, voxels))
    .filter(Boolean)
    .join(" · ");
}
