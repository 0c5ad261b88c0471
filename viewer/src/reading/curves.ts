/**
 * The curve of a volume rendering: what can be done to its points.
 *
 * A point is (value, "#rrggbb", opacity of one millimetre), values rising. As the server has it, extinction and colour
 * run linearly between points and stay constant beyond the outermost ones: τ = −ln(1 − opacity).
 */

import { powerOfTen } from "../geometry/power_of_ten";
import { clamp } from "../geometry/vectors";
import { MAX_POINTS, type Surveyed } from "../stream/messages";

export type Point = [value: number, colour: string, opacity: number];
export type Curve = readonly Point[];
export type Span = readonly [from: number, to: number];

export const MOST_OPAQUE = 0.99;

const depthOf = (opacity: number): number => -Math.log1p(-opacity);
const opacityOf = (depth: number): number => -Math.expm1(-depth);

const channels = (colour: string): number[] => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
const hex = (parts: number[]): string => `#${parts.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;

/** The curve at a value. */
export function at(curve: Curve, value: number): Point {
  const after = curve.findIndex((point) => point[0] >= value);
  const [a, b] = [curve[after - 1], curve[after]];
  if (!a || !b) return [value, ...rest(b ?? curve[curve.length - 1]!)];
  const part = (value - a[0]) / (b[0] - a[0]);
  const mixed = (x: number, y: number): number => x + (y - x) * part;
  const [from, to] = [channels(a[1]), channels(b[1])];
  const colour = hex(from.map((channel, i) => mixed(channel, to[i]!)));
  return [value, colour, opacityOf(mixed(depthOf(a[2]), depthOf(b[2])))];
}
const rest = ([, colour, opacity]: Point): [string, number] => [colour, opacity];

export const shifted = (curve: Curve, shift: number): Curve =>
  shift ? curve.map(([value, ...others]): Point => [value + shift, ...others]) : curve;

/** All values that a volume and its curve have. */
export function domain(curve: Curve, { least, greatest }: Pick<Surveyed, "least" | "greatest">): Span {
  return [Math.min(least, curve[0]![0]), Math.max(greatest, curve[curve.length - 1]![0])];
}

/** How finely values are set: whole HU, else about a thousandth of all values, as a power of ten. */
export const stepOf = (unit: string, [from, to]: Span): number =>
  unit === "HU" ? 1 : powerOfTen(Math.floor(Math.log10((to - from) / 1000)));

const rounded = (value: number, step: number): number => Number((Math.round(value / step) * step).toPrecision(12));

/** How far a point may go: to a step before its neighbours; the outermost as far again as all values reach. */
function room(curve: Curve, index: number, [from, to]: Span, step: number): Span {
  const width = to - from;
  const [before, after] = [curve[index - 1], curve[index + 1]];
  return [before ? before[0] + step : from - width, after ? after[0] - step : to + width];
}

/** Points stay in their order: one that is pushed against its neighbour stops there. */
export function moved(curve: Curve, index: number, value: number, opacity: number, all: Span, step: number): Curve {
  const [least, most] = room(curve, index, all, step);
  const point = curve[index]!;
  // A point between neighbours that are closer than two steps has no room, and keeps its value.
  const place = value === point[0] || least > most ? point[0] : clamp(rounded(value, step), least, most);
  const height = rounded(clamp(opacity, 0, MOST_OPAQUE), 1e-4);
  return replaced(curve, index, [place, point[1], height]);
}

export const recoloured = (curve: Curve, index: number, colour: string): Curve =>
  replaced(curve, index, [curve[index]![0], colour, curve[index]![2]]);

const replaced = (curve: Curve, index: number, point: Point): Curve => curve.map((old, i) => (i === index ? point : old));

/** Another point at a value, on the curve, so that it changes nothing yet; null where there is no room for one. */
export function inserted(curve: Curve, value: number, step: number): { curve: Curve; index: number } | null {
  const place = rounded(value, step);
  const found = curve.findIndex((point) => point[0] > place);
  const index = found < 0 ? curve.length : found;
  const near = [curve[index - 1], curve[index]].some((point) => point && Math.abs(point[0] - place) < step);
  if (near || curve.length >= MAX_POINTS) return null;
  const [, colour, opacity] = at(curve, place);
  const point: Point = [place, colour, rounded(opacity, 1e-6)];
  return { curve: [...curve.slice(0, index), point, ...curve.slice(index)], index };
}

/** A point more in the middle of what follows a point, or of what comes before the last one. */
export function insertedAfter(curve: Curve, index: number, step: number): ReturnType<typeof inserted> {
  const first = Math.min(index, curve.length - 2);
  return inserted(curve, (curve[first]![0] + curve[first + 1]![0]) / 2, step);
}

/** Without a point; the last two stay. */
export const removed = (curve: Curve, index: number): Curve =>
  curve.length > 2 ? curve.filter((_, i) => i !== index) : curve;

/** The values in which a curve does something: without an end far away that only goes on with what is before it. */
export function fitting(curve: Curve): Span {
  const values = curve.map(([value]) => value);
  const [first, ...inner] = values;
  const last = inner.pop()!;
  const [from, to] = [inner[0] ?? first!, inner[inner.length - 1] ?? last];
  const far = inner.length > 1 ? (to - from) / 2 : Infinity;
  const isClear = curve[0]![2] === 0 && curve[1]![2] === 0;
  const start = isClear && from - first! > far ? from : first!;
  const end = last - to > far ? to : last;
  const margin = (end - start) * 0.12;
  return [start - margin, end + margin];
}

/** Narrower by `factor` about a value that keeps its place; never wider than all values, nor narrower than 20 steps. */
export function zoomed([from, to]: Span, factor: number, about: number, all: Span, step: number): Span {
  const width = clamp((to - from) / factor, step * 20, Math.max(all[1] - all[0], step * 20));
  const part = clamp((about - from) / (to - from), 0, 1);
  return within([about - part * width, about + (1 - part) * width], all);
}

export const panned = ([from, to]: Span, by: number, all: Span): Span => within([from + by, to + by], all);

/** The same width within all values; wider ones, as a margin makes them, stay as they are. */
function within([from, to]: Span, all: Span): Span {
  const width = to - from;
  if (width >= all[1] - all[0]) return [from, to];
  const start = clamp(from, all[0], all[1] - width);
  return [start, start + width];
}
