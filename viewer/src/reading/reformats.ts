/** A series of parallel planes through the volume, made and stored by the server: what is asked, and how far it is. */

import { effect, signal } from "@preact/signals";
import { fetchStudy } from "../api/client";
import type { Geometry, StudyInfo } from "../api/messages";
import { normal } from "../geometry/camera";
import { corners, step } from "../geometry/grid";
import { clamp, combine, dot, length, scale, type Vector3 } from "../geometry/vectors";
import type { PlaneView, Reformat } from "../stream/messages";
import type { Desk } from "./desk";
import type { Projection } from "./slabs";
import type { Role } from "./viewport";

export const MOST_IMAGES = 2000;
export const MOST_SIDE = 2048;
export const MOST_BYTES = 512 * 2 ** 20;
const PIXEL_BYTES = 2;

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
export function lineOn(view: Lie, away: Vector3, depth: number): { at: [number, number]; along: [number, number] } | null {
  const [a, b] = [dot(view.right, away), dot(view.down, away)];
  const steep = Math.hypot(a, b);
  if (steep < 1e-3) return null;
  const far = (depth - dot(view.centre, away)) / (steep * steep);
  return { at: [far * a, far * b], along: [-b / steep, a / steep] };
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
}

export const jobs = signal<readonly Job[]>([]);
const watched = new WeakSet<Desk>();

const change = (request: string, what: Partial<Job>): void => {
  jobs.value = jobs.peek().map((job) => (job.asked.request === request ? { ...job, ...what } : job));
};

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

/** Hear how far they are; what a cut line has swallowed is asked again under its name, and made once. */
function watch(desk: Desk, told: (job: Job) => void): void {
  if (watched.has(desk)) return;
  watched.add(desk);
  desk.leaving.add(() => {
    jobs.value = [];
  });
  const { connection } = desk;
  connection.hear.reformatting = ({ request, done }) => change(request, { done });
  connection.hear.reformatted = ({ request, series, code = "" }) => {
    change(request, { series, code });
    const job = jobs.peek().find(({ asked }) => asked.request === request);
    if (!job) return;
    void (series === null ? Promise.resolve() : bring(desk, job.study)).then(() => told(job));
  };
  effect(() => {
    if (connection.state.value !== "open") return;
    for (const job of jobs.peek()) if (isPending(job)) connection.send(job.asked);
  });
}

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const freshName = (): string => [...crypto.getRandomValues(new Uint8Array(20))].map((byte) => LETTERS[byte % LETTERS.length]).join("");

/** Ask for them; `told` how it ended. False where there is nothing to cut. */
export function ask(desk: Desk, wanted: Plan, told: (job: Job) => void): boolean {
  const view = desk.viewports[wanted.role].view.peek();
  const [series, stack, study] = [desk.series.peek(), desk.stack.peek(), desk.study.peek()];
  if (view?.kind !== "plane" || !stack?.volume || !series || !study) return false;
  watch(desk, told);
  const { thickness_mm, projection, description } = wanted;
  const asked: Reformat = {
    t: "reformat",
    viewport: 0,
    request: freshName(),
    series: series.id,
    stack: stack.digest,
    ...imagesOf(stack.volume, view, wanted),
    projection,
    thickness_mm,
    description: description.trim(),
  };
  jobs.value = [...jobs.peek().filter(isPending), { asked, study: study.study.id, done: 0, code: "", series: null }];
  desk.connection.send(asked);
  return true;
}

export const cancel = (desk: Desk, { asked: { request } }: Job): void => desk.connection.send({ t: "cancel_reformat", request });
