/** The sentences for what went wrong that hardly ever does: they come when one is asked for, or once a picture is there. */

import { computed } from "@preact/signals";
import { en } from "./problems_en";
import { zh } from "./problems_zh";
import { language, type Wide } from "./words";

export type Problems = Wide<typeof zh>;
export const problems = computed<Problems>(() => (language.value === "en" ? en : zh));
