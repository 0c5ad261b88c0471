/**
 * A curve's values and opacities as pixels of a plot.
 *
 * Heights go with the square root of the opacity of a millimetre: a veil of one percent is a tenth of the height, and
 * can be taken hold of as well as bone.
 */

import { powerOfTen } from "../geometry/power_of_ten";
import type { Vector2 } from "../geometry/vectors";
import { at, type Curve, type Span } from "./curves";

export interface Plot {
  width: number;
  height: number;
  span: Span;
}

/** Above and below the curve, pixels: a point at an end is whole. */
export const MARGIN = 10;

const PARTS = 12; // straight pieces between two points

export const xOf = ({ width, span: [from, to] }: Plot, value: number): number => ((value - from) / (to - from)) * width;
export const valueAt = ({ width, span: [from, to] }: Plot, x: number): number => from + (x / width) * (to - from);

const roomOf = ({ height }: Plot): number => Math.max(1, height - 2 * MARGIN);
export const yOf = (plot: Plot, opacity: number): number => MARGIN + (1 - Math.sqrt(opacity)) * roomOf(plot);
export const opacityAt = (plot: Plot, y: number): number =>
  Math.min(1, Math.max(0, 1 - (y - MARGIN) / roomOf(plot))) ** 2;

export const placeOf = (plot: Plot, [value, , opacity]: Curve[number]): Vector2 => [xOf(plot, value), yOf(plot, opacity)];

/** Which point is within reach of a place, the nearest; null where none is. */
export function nearest(plot: Plot, curve: Curve, [x, y]: Vector2, reach: number): number | null {
  const away = curve.map((point) => Math.hypot(xOf(plot, point[0]) - x, yOf(plot, point[2]) - y));
  const least = Math.min(...away);
  return least <= reach ? away.indexOf(least) : null;
}

/** Whether a place is on the line, within reach above or below. */
export const isOnLine = (plot: Plot, curve: Curve, [x, y]: Vector2, reach: number): boolean =>
  Math.abs(yOf(plot, at(curve, valueAt(plot, x))[2]) - y) <= reach;

/** The line from the left edge of the plot to its right, as points; between two points of the curve it is bent. */
export function line(plot: Plot, curve: Curve): Vector2[] {
  const [from, to] = plot.span;
  const inside = curve.map(([value]) => value).filter((value) => value > from && value < to);
  const stops = [from, ...inside, to];
  const values = stops.flatMap((value, i) => {
    const next = stops[i + 1];
    if (next === undefined) return [value];
    return Array.from({ length: PARTS }, (_, k) => value + ((next - value) * k) / PARTS);
  });
  return values.map((value) => placeOf(plot, at(curve, value)));
}

const TICK_PX = 20; // half of what a number takes

/** Round numbers along the values, about one every hundred pixels, and none so near an edge that it would be cut. */
export function ticks(plot: Plot): number[] {
  const { width } = plot;
  const [from, to] = plot.span;
  const rough = ((to - from) / width) * 100;
  const power = powerOfTen(Math.floor(Math.log10(rough)));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough)!;
  const first = Math.ceil(from / step);
  const count = Math.floor(to / step) - first + 1;
  const all = Array.from({ length: Math.max(0, count) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  return all.filter((value) => Math.abs(xOf(plot, value) - width / 2) <= width / 2 - TICK_PX);
}

/** The heights of a histogram's bars, 0 to 1: logarithms, for air is most of a volume. */
export function bars(counts: readonly number[]): number[] {
  const most = Math.log1p(Math.max(1, ...counts));
  return counts.map((count) => Math.log1p(count) / most);
}
