/** A series of parallel planes through the volume, made and stored by the server: what is asked, and how far it is. */

import { effect, signal } from "@preact/signals";
import { fetchStudy } from "../api/client";
import type { Geometry, StudyInfo } from "../api/messages";
import { normal } from "../geometry/camera";
import { corners, step } from "../geometry/grid";
import { clamp, combine, dot, length, scale, type Vector2, type Vector3 } from "../geometry/vectors";
import type { PlaneView, Reformat } from "../stream/messages";
import type { Desk } from "./desk";
import type { Projection } from "./slabs";
import type { Role } from "./viewport";

export const MOST_IMAGES = 2000;
export const MOST_SIDE = 2048;
export const MOST_BYTES = 512 * 2 ** 20;
const PIXEL_BYTES = 2;
const USUAL_MM = 3;

/** What a reader chooses. */
export interface Plan {
  /** The plane that the images are parallel to. */
  role: Role;
  thickness_mm: number;
  spacing_mm: number;
  count: number;
  projection: Projection;
  /** About the plane that is shown, or through all of the volume, and then as many as it takes. */
  range: "about" | "whole";
  description: string;
}

type Lie = Pick<PlaneView, "centre" | "right" | "down">;
export type Images = Pick<Reformat, "origin" | "right" | "down" | "pixel_mm" | "width" | "height" | "spacing_mm" | "count">;

const span = (all: number[]): [number, number] => [Math.min(...all), Math.max(...all)];

/** Where the images lie: each holds the whole of the volume's section, in pixels as fine as its voxels. */
export function imagesOf(geometry: Geometry, { centre, right, down }: Lie, { spacing_mm, count, range }: Plan): Images {
  const away = normal({ right, down });
  const all = corners(geometry);
  const along = (axis: Vector3): [number, number] => span(all.map((corner) => dot(corner, axis)));
  const [[left, rightmost], [top, bottom], [near, far]] = [along(right), along(down), along(away)];
  const finest = Math.min(...[0, 1, 2].map((axis) => length(step(geometry, axis))));
  const pixel_mm = Math.max(finest, (rightmost - left) / MOST_SIDE, (bottom - top) / MOST_SIDE);
  const pixels = (mm: number): number => clamp(Math.ceil(mm / pixel_mm - 1e-6), 1, MOST_SIDE);
  const [width, height] = [pixels(rightmost - left), pixels(bottom - top)];
  const whole = range === "whole";
  const images = whole ? clamp(Math.floor((far - near) / spacing_mm + 1e-6), 1, MOST_IMAGES) : count;
  const middle = whole ? (near + far) / 2 : dot(centre, away);
  const first = middle - ((images - 1) / 2) * spacing_mm;
  const corner: Vector3 = combine(
    scale(away, first),
    (left + rightmost - (width - 1) * pixel_mm) / 2,
    right,
    (top + bottom - (height - 1) * pixel_mm) / 2,
    down,
  );
  return { origin: corner, right, down, pixel_mm, width, height, spacing_mm, count: images };
}

export const bytesOf = ({ width, height, count }: Images): number => width * height * count * PIXEL_BYTES;

/** Where the first and the last image lie, as planes: points p with p · normal = depth. */
export function ends({ origin, right, down, spacing_mm, count }: Images): { normal: Vector3; depths: [number, number] } {
  const away = normal({ right, down });
  const first = dot(origin, away);
  return { normal: away, depths: [first, first + (count - 1) * spacing_mm] };
}

/** The line in which a plane cuts the picture of a view, millimetres from its centre; null where they are parallel. */
export function lineOn(view: Lie, away: Vector3, depth: number): { at: Vector2; along: Vector2 } | null {
  const [a, b] = [dot(view.right, away), dot(view.down, away)];
  const steep = Math.hypot(a, b);
  if (steep < 1e-3) return null;
  const far = (depth - dot(view.centre, away)) / (steep * steep);
  return { at: [far * a, far * b], along: [-b / steep, a / steep] };
}

/** Where on such a line its name stands, millimetres from the centre: where it leaves all but the picture's rim; null where it does not come in. */
export function nameOn({ at, along }: { at: Vector2; along: Vector2 }, half: Vector2): Vector2 | null {
  const inside = [0, 1].map((axis): [number, number] => {
    if (Math.abs(along[axis]!) < 1e-9) return Math.abs(at[axis]!) <= half[axis]! ? [-Infinity, Infinity] : [1, 0];
    const ends = [-half[axis]!, half[axis]!].map((end) => (end - at[axis]!) / along[axis]!);
    return span(ends);
  });
  const [from, to] = [Math.max(inside[0]![0], inside[1]![0]), Math.min(inside[0]![1], inside[1]![1])];
  return from <= to ? [at[0] + to * along[0], at[1] + to * along[1]] : null;
}

/** Planes that images can be parallel to; the section while one looks along a curve. */
export const ROLES = ["axial", "coronal", "sagittal", "section"] as const;
export const rolesHere = (desk: Desk): (typeof ROLES)[number][] => ROLES.filter((role) => role !== "section" || desk.along.value !== null);

const round = (mm: number): number => Number(mm.toPrecision(3));

/** What is proposed for a plane: slabs as it shows them; of a thin plane means, which is what reading is done on. */
export function proposed(role: Role, { thickness_mm: slab = 0, projection = "max" }: PlaneView): Plan {
  const thickness_mm = round(slab) || USUAL_MM;
  return { role, thickness_mm, spacing_mm: thickness_mm, count: 20, projection: slab ? projection : "mean", range: "about", description: "" };
}

/** What is being chosen while the panel is open. */
export const plan = signal<Plan | null>(null);

export interface Job {
  asked: Reformat;
  study: number;
  done: number;
  /** "" while it is made. */
  code: string;
  /** The new series. */
  series: number | null;
  /** The reader wants it no more, and the server has not said that it heard. */
  cancelled?: boolean;
}

export const jobs = signal<readonly Job[]>([]);
const watched = new WeakSet<Desk>();

const change = (request: string, what: Partial<Job>): void => {
  jobs.value = jobs.peek().map((job) => (job.asked.request === request ? { ...job, ...what } : job));
};

/** Those of the study that is open: what becomes of others' is told when they are open. */
export const jobsHere = (desk: Desk): Job[] => jobs.value.filter(({ study }) => study === desk.study.value?.study.id);

export const isPending = ({ code, series }: Job): boolean => code === "" && series === null;

/** A study as it is now, in which what was known stays what it is: pictures of it are open. */
export function merged(known: StudyInfo, now: StudyInfo): StudyInfo {
  return { ...now, series: now.series.map((series) => known.series.find(({ id }) => id === series.id) ?? series) };
}

async function bring(desk: Desk, study: number): Promise<void> {
  const now = await fetchStudy(study).catch(() => null);
  const known = desk.study.peek();
  if (now && known?.study.id === study) desk.study.value = merged(known, now);
}

/**
 * Hear how far they are; what a cut line has swallowed is asked again under its name, and made once. One that was
 * cancelled meanwhile may be under way all the same: it is cancelled again as soon as the server tells of it.
 */
function watch(desk: Desk, told: (job: Job) => void): void {
  if (watched.has(desk)) return;
  watched.add(desk);
  desk.leaving.add(() => {
    jobs.value = [];
  });
  const { connection } = desk;
  const known = (request: string): Job | undefined => jobs.peek().find(({ asked }) => asked.request === request);
  connection.hear.reformatting = ({ request, done }) => {
    change(request, { done });
    const job = known(request);
    if (job?.cancelled && isPending(job)) cancel(desk, job);
  };
  connection.hear.reformatted = ({ request, series, code = "" }) => {
    change(request, { series, code });
    const job = known(request);
    if (!job) return;
    void (series === null ? Promise.resolve() : bring(desk, job.study)).then(() => {
      if (desk.study.peek()?.study.id === job.study) told(job);
    });
  };
  effect(() => {
    if (connection.state.value !== "open") return;
    for (const job of jobs.peek()) if (isPending(job)) connection.send(job.asked);
  });
}

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const freshName = (): string => [...crypto.getRandomValues(new Uint8Array(20))].map((byte) => LETTERS[byte % LETTERS.length]).join("");

/** A plan as it is asked for, but for its name; null where there is nothing to cut. */
function wish(desk: Desk, { role, ...wanted }: Plan): Omit<Reformat, "request"> | null {
  const view = desk.viewports[role].view.value;
  const [series, stack] = [desk.series.value, desk.stack.value];
  if (view?.kind !== "plane" || !stack?.volume || !series) return null;
  const images = imagesOf(stack.volume, view, { role, ...wanted });
  const { thickness_mm, projection, description } = wanted;
  const of = { t: "reformat" as const, viewport: 0, series: series.id, stack: stack.digest };
  return { ...of, ...images, projection, thickness_mm, description: description.trim() };
}

/** Whether just this is being made. */
export function isAsked(desk: Desk, wanted: Plan): boolean {
  const asked = JSON.stringify(wish(desk, wanted));
  return jobs.value.some((job) => isPending(job) && JSON.stringify({ ...job.asked, request: undefined }) === asked);
}

/** Ask for them; `told` how it ended. False where there is nothing to cut, or just this is being made. */
export function ask(desk: Desk, wanted: Plan, told: (job: Job) => void): boolean {
  const [wished, study] = [wish(desk, wanted), desk.study.peek()];
  if (!wished || !study || isAsked(desk, wanted)) return false;
  watch(desk, told);
  const asked: Reformat = { ...wished, request: freshName() };
  jobs.value = [...jobs.peek().filter(isPending), { asked, study: study.study.id, done: 0, code: "", series: null }];
  desk.connection.send(asked);
  return true;
}

export function cancel(desk: Desk, { asked: { request } }: Job): void {
  change(request, { cancelled: true });
  desk.connection.send({ t: "cancel_reformat", request });
}
