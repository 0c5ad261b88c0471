/** The texts of clipping and perspective: they come with what they stand on. */

import { computed } from "@preact/signals";
import { en } from "./clips_en";
import { zh } from "./clips_zh";
import { language, type Wide } from "./words";

export type ClipWords = Wide<typeof zh>;
export const clipWords = computed<ClipWords>(() => (language.value === "en" ? en : zh));
