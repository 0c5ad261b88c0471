/** Who is signed in, where the page is, and the one connection and desk that it has. */

import { signal } from "@preact/signals";
import * as client from "./api/client";
import type { Me, StudyRow } from "./api/messages";
import { Desk } from "./reading/desk";
import { NO_LABELS } from "./reading/labelmaps";
import { openStudy } from "./reading/opening";
import { account, adopt, forget } from "./reading/preferences";
import { expose } from "./probe";
import { Connection } from "./stream/connection";
import { SUBPROTOCOL } from "./stream/messages";

/** undefined until the server has said. */
export const me = signal<Me | null | undefined>(undefined);
/** A code to be shown on the sign-in page. */
export const ended = signal<string | null>(null);
/** The study that is open; null is the list. */
export const study = signal<number | null>(null);
/** How the house is, instead of the list. */
export const system = signal(false);
/** The account's password, instead of the list. */
export const changing = signal(false);

export const connection = new Connection({
  open: () => new WebSocket(client.streamAddress(), SUBPROTOCOL),
  now: () => performance.now(),
  frame: (callback) => void requestAnimationFrame(callback),
  after: (ms, callback) => void setTimeout(callback, ms),
  hidden: () => document.hidden,
});
export const desk = new Desk(connection);

export function enter(person: Me): void {
  me.value = person;
  ended.value = null;
  // Opened with the list, so that the first image of a study finds the line measured and ready.
  if (person.must_change_password) return;
  if (!changing.value) connection.open();
  void bringPreferences();
}

/** What the account has, also where it never set anything. Without an answer the browser's copy serves. */
async function bringPreferences(): Promise<void> {
  const kept = await client.fetchPreferences().catch(() => null);
  if (kept) adopt(kept);
}
account.save = (wanted) => void client.savePreferences(wanted).catch(() => undefined);

/** What a reader made of a study goes with it. */
function putAway(): void {
  desk.pen.peek()?.cancel();
  desk.along.value = null;
  desk.labels.value = NO_LABELS;
  connection.edits = [];
  for (const close of desk.closing) close();
}

function leave(why: string | null): void {
  connection.close();
  putAway();
  for (const forget of desk.leaving) forget();
  for (const viewport of Object.values(desk.viewports)) viewport.clear();
  desk.study.value = desk.row.value = desk.series.value = desk.stack.value = null;
  if (me.value) forget();
  ended.value = me.value ? why : null;
  me.value = null;
  if (changing.value) toList(); // the next person has not asked for it
}

export async function signOut(): Promise<void> {
  await client.signOut().catch(() => undefined);
  leave(null);
}

/** The address names the study by its number and nothing else: no patient in a history or a log. */
function follow(): void {
  const match = /^#\/studies\/(\d+)$/.exec(location.hash);
  study.value = match ? Number(match[1]) : null;
  system.value = location.hash === "#/system";
  changing.value = location.hash === "#/password";
  // A new password ends the account's sessions, and with them this line: whoever lost it so would be signed out.
  if (changing.value) connection.close();
  else if (me.value && !me.value.must_change_password) connection.open();
}

function to(hash: string): void {
  location.hash = hash;
  follow();
}

export const toSystem = (): void => to("#/system");
export const toPassword = (): void => to("#/password");

export const toList = (): void => goTo(null);

export function goTo(row: StudyRow | null): void {
  desk.row.value = row;
  to(row ? `#/studies/${row.id}` : "#/");
}

/** Show a study on the desk; the page is already there and its viewport is measured. */
export async function showStudy(id: number): Promise<void> {
  for (const viewport of Object.values(desk.viewports)) viewport.clear();
  desk.study.value = desk.series.value = desk.stack.value = desk.notice.value = null;
  putAway();
  desk.layout.value = "stack";
  desk.editing.value = false;
  desk.active.value = "stack";
  desk.maximised.value = desk.tool.value = desk.sheet.value = desk.toast.value = desk.pivot.value = null;
  if (desk.row.value?.id !== id) desk.row.value = null;
  try {
    await openStudy(desk, id, () => study.peek() === id);
  } catch (error) {
    if (study.peek() === id) desk.notice.value = error instanceof client.ApiError ? error.code : "unknown";
  }
}

export function start(): void {
  client.session.ended = () => leave("session_ended");
  connection.refused = () => void client.fetchMe().catch(() => undefined);
  document.addEventListener("visibilitychange", () => connection.visible(!document.hidden));
  addEventListener("hashchange", follow);
  follow();
  expose(desk);
  client.fetchMe().then(enter, (error: client.ApiError) => {
    me.value = null;
    forget(); // the browser may have been closed by somebody who did not sign out
    ended.value = error.status === 401 ? null : error.code;
  });
}
