import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Me } from "../src/api/messages";

vi.mock("../src/stream/digest.worker?worker", () => ({ default: class {} }));

const person: Me = { login: "wang", institutions: [], permissions: [], must_change_password: false };
const answers: Record<string, unknown> = {};

/** What the last person at this machine had set, in a browser that was closed without signing out. */
let kept: Record<string, string>;
beforeEach(() => {
  kept = { "farview.preferences": JSON.stringify({ haptics: true, keys: { B: "cine" } }) };
  vi.resetModules();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept[key] ?? null,
    setItem: (key: string, value: string) => (kept[key] = value),
    removeItem: (key: string) => delete kept[key],
  });
  vi.stubGlobal("window", {});
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("location", { hash: "" });
  vi.stubGlobal("WebSocket", class {});
  vi.stubGlobal("document", { baseURI: "http://here/", addEventListener: () => undefined });
  vi.stubGlobal("fetch", async (url: string) => {
    const answer = answers[new URL(url).pathname];
    return { ok: answer !== undefined, status: answer ? 200 : 401, json: async () => answer ?? { code: "not_signed_in" } };
  });
});
afterEach(() => vi.unstubAllGlobals());

async function load() {
  return { ...(await import("../src/session")), ...(await import("../src/reading/preferences")) };
}

test("an account that never set anything does not take over the keys of the one before it", async () => {
  answers["/api/me/preferences"] = {};
  const { enter, preferences, DEFAULTS } = await load();
  expect(preferences.value.keys).toEqual({ B: "cine" });
  enter(person);
  await vi.waitFor(() => expect(preferences.value).toEqual(DEFAULTS));
});

test("where nobody is signed in, nothing of the last one is left", async () => {
  delete answers["/api/me"];
  const { start, me, preferences, DEFAULTS } = await load();
  start();
  await vi.waitFor(() => expect(me.value).toBeNull());
  expect(preferences.value).toEqual(DEFAULTS);
  expect(kept).toEqual({});
});

test("the page of one who is signed in has the keys at once, and as the account has them soon", async () => {
  answers["/api/me"] = person;
  answers["/api/me/preferences"] = { keys: { N: "cine" } };
  const { start, preferences } = await load();
  start();
  expect(preferences.value.keys).toEqual({ B: "cine" });
  await vi.waitFor(() => expect(preferences.value.keys).toEqual({ N: "cine" }));
});

test("who is signed in on the page of the password has the own settings; when the session ends, the list is next", async () => {
  answers["/api/me"] = person;
  answers["/api/me/preferences"] = { two_finger_undo: true };
  location.hash = "#/password";
  const { changing, me, preferences, start } = await load();
  const { session } = await import("../src/api/client");
  start();
  expect(changing.value).toBe(true);
  await vi.waitFor(() => expect(preferences.value.two_finger_undo).toBe(true));
  session.ended();
  expect([me.value, changing.value, location.hash]).toEqual([null, false, "#/"]);
});

test("an edit of labels that is under way ends with its study and its reader, and the next can make their own", async () => {
  answers["/api/me"] = person;
  const chest = await import("./reading/chest");
  const labels = await import("../src/reading/labels");
  const { CUT_AWAY } = await import("../src/reading/label_looks");
  const { openStack } = await import("../src/reading/opening");
  const stack = chest.chest();
  const change = { kind: "threshold" as const, low: 1, high: 2, label: 1 };
  const { connection, desk, showStudy, signOut } = await load();
  for (const end of [() => showStudy(2), signOut]) {
    openStack(desk, chest.seriesOf(stack), stack);
    const wish = labels.edit(desk, change, CUT_AWAY);
    expect([labels.busy.value, connection.edits.length]).toEqual([true, 1]);
    await end();
    expect([await wish, labels.busy.value, connection.edits]).toEqual([null, false, []]);
  }
});
