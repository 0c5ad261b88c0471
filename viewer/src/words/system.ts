/** The texts of the page about the system: they come with it. */

import { computed } from "@preact/signals";
import { en } from "./system_en";
import { zh } from "./system_zh";
import { language, type Wide } from "./words";

export type SystemWords = Wide<typeof zh>;
export const systemWords = computed<SystemWords>(() => (language.value === "en" ? en : zh));
