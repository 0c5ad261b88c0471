/** The texts of volume rendering: they come with its panels. */

import { computed } from "@preact/signals";
import { en } from "./renderings_en";
import { zh } from "./renderings_zh";
import { language, type Wide } from "./words";

export type RenderingWords = Wide<typeof zh>;
export const renderingWords = computed<RenderingWords>(() => (language.value === "en" ? en : zh));
