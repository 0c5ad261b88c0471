/** A series of parallel planes through the volume, made and stored by the server: what is asked, and how far it is. */

import { effect, signal } from "@preact/signals";
import { fetchStudy } from "../api/client";
import type { StudyInfo } from "../api/messages";
import type { Reformat } from "../stream/messages";
import type { Desk } from "./desk";
import { imagesOf, type Plan } from "./reformat_plan";

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
