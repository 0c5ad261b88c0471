import { afterEach, beforeEach, expect, test, vi } from "vitest";

let kept: Record<string, string>;
beforeEach(() => {
  kept = {};
  vi.resetModules();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept[key] ?? null,
    setItem: (key: string, value: string) => (kept[key] = value),
    removeItem: (key: string) => delete kept[key],
  });
});
afterEach(() => vi.unstubAllGlobals());

const load = () => import("../../src/reading/preferences");

test("what is set is there for the next page, and goes to the account", async () => {
  const first = await load();
  const saved: unknown[] = [];
  first.account.save = (wanted) => saved.push(wanted);
  first.prefer({ twist: true, three_fingers: "scroll" });
  vi.resetModules();
  const next = await load();
  expect(next.preferences.value).toMatchObject({ twist: true, three_fingers: "scroll", haptics: false });
  expect(saved).toEqual([next.preferences.value]);
});

test("what another version kept is taken as far as it is understood", async () => {
  const { DEFAULTS, understood } = await load();
  expect(understood({ twist: "yes", three_fingers: "scroll", keys: { B: "cine" }, later: 1 })).toEqual({
    ...DEFAULTS,
    three_fingers: "scroll",
    keys: { B: "cine" },
  });
  for (const nonsense of [null, 3, "x", [], { keys: { B: 3 } }]) expect(understood(nonsense)).toEqual(DEFAULTS);
});

test("a broken entry does not break the page", async () => {
  kept["farview.preferences"] = "{";
  const { DEFAULTS, preferences } = await load();
  expect(preferences.value).toEqual(DEFAULTS);
});

test("a browser without storage keeps them while the page lives", async () => {
  vi.stubGlobal("localStorage", undefined);
  const { prefer, preferences } = await load();
  prefer({ haptics: true });
  expect(preferences.value.haptics).toBe(true);
});

test("the next person at this machine begins with the defaults", async () => {
  const { DEFAULTS, forget, prefer, preferences } = await load();
  prefer({ two_finger_undo: true });
  forget();
  expect(preferences.value).toEqual(DEFAULTS);
  expect(kept).toEqual({});
});
