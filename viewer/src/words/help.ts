/** The texts of the help and of the settings: they come with those, not with the first page. */

import { computed } from "@preact/signals";
import { en } from "./help_en";
import { zh } from "./help_zh";
import { language, type Wide } from "./words";

export type HelpWords = Wide<typeof zh>;
export const helpWords = computed<HelpWords>(() => (language.value === "en" ? en : zh));
