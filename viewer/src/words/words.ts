/** Every text of the page. The language is the browser's until someone chooses; only that choice is remembered. */

import { computed, signal } from "@preact/signals";
import { en } from "./en";
import { zh } from "./zh";

/** Strings of any value, functions of the same kind: what a translation must have. */
type Wide<T> = T extends string ? string : T extends (...args: never[]) => unknown ? T : { [K in keyof T]: Wide<T[K]> };
export type Words = Wide<typeof zh>;
export type Language = "zh" | "en";

const DICTIONARIES: Record<Language, Words> = { zh, en };
const KEY = "farview.language";

function initial(): Language {
  try {
    const chosen = localStorage.getItem(KEY);
    if (chosen === "zh" || chosen === "en") return chosen;
  } catch {
    // A browser that forbids storage still has a language.
  }
  const wanted = typeof navigator === "undefined" ? "zh" : navigator.language;
  return wanted.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export const language = signal<Language>(initial());
export const words = computed(() => DICTIONARIES[language.value]);

export function choose(chosen: Language): void {
  language.value = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // It then lasts until the page is closed.
  }
}

/** The sentence for a server's code; it says what to do. */
export function sentence(code: string): string {
  const { problems } = words.value;
  return (problems as Record<string, string>)[code] ?? problems.unknown;
}
