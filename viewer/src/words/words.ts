/** Every text of the page. The language is the browser's until someone chooses; only that choice is remembered. */

import { computed, signal } from "@preact/signals";
import { zh } from "./zh";

/** Strings of any value, functions of the same kind: what a translation must have. */
export type Wide<T> = T extends string ? string : T extends (...args: never[]) => unknown ? T : { [K in keyof T]: Wide<T[K]> };
export type Words = Wide<typeof zh>;
export type Language = "zh" | "en";

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

// Chinese comes with the page; English is a file of its own, which only those who read it wait for.
const english = signal<Words | null>(null);
async function fetchEnglish(): Promise<void> {
  english.value ??= (await import("./en")).en;
}

export const language = signal<Language>(initial());
export const words = computed<Words>(() => (language.value === "en" && english.value) || zh);
/** The page waits for this, so that nobody sees the other language flash by. */
export const ready: Promise<void> = language.value === "en" ? fetchEnglish() : Promise.resolve();

export async function choose(chosen: Language): Promise<void> {
  if (chosen === "en") await fetchEnglish();
  language.value = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // It then lasts until the page is closed.
  }
}

/** The sentences of problems.ts; "failed" where they could not be fetched. */
const more = signal<"failed" | { value: Record<string, string> } | null>(null);
export const fetchProblems = (): Promise<void> =>
  import("./problems").then(
    ({ problems }) => void (more.value = problems),
    () => void (more.value ??= "failed"),
  );

/** The sentence for a server's code; it says what to do, and which image is at fault (n, of so many) where one is. */
export function sentence(code: string, image?: [number, number] | null): string {
  const { problems, unreadable_image } = words.value;
  if (image && code === "unreadable_frame") return unreadable_image(...image);
  const said = (problems as Record<string, string>)[code];
  if (said) return said;
  const others = more.value;
  if (others && others !== "failed") return others.value[code] ?? problems.unknown;
  void fetchProblems();
  return others ? problems.unknown : "";
}
