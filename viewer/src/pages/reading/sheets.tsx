/** The sheet that is open, if any. Only the one that is asked for is fetched: the first image waits for none of them. */

import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import type { SheetName } from "../../reading/desk";
import { desk } from "../../session";

const FETCH: Record<Exclude<SheetName, "more">, () => Promise<ComponentType>> = {
  settings: () => import("./settings_sheet").then((part) => part.SettingsSheet),
  menu: () => import("./context_menu").then((part) => part.ContextMenu),
  help: () => import("./help_sheet").then((part) => part.HelpSheet),
};

const fetched = signal<Partial<Record<SheetName, ComponentType>>>({});

async function fetchSheet(name: keyof typeof FETCH): Promise<void> {
  try {
    const part = await FETCH[name]();
    fetched.value = { ...fetched.peek(), [name]: part };
  } catch {
    // The line is cut, or the server has another version by now: say so and stay usable.
    desk.sheet.value = null;
    desk.notice.value = "network";
  }
}

export function Sheets() {
  const name = desk.sheet.value;
  if (!name || name === "more") return null; // the phone's own sheet stands in phone_bar.tsx
  const Part = fetched.value[name];
  if (Part) return <Part />;
  void fetchSheet(name);
  return null;
}
