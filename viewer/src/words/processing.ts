/** The texts of image processing: they come with its panel. */

import { computed } from "@preact/signals";
import { en } from "./processing_en";
import { zh } from "./processing_zh";
import { language, type Wide } from "./words";

export type ProcessingWords = Wide<typeof zh>;
export const processingWords = computed<ProcessingWords>(() => (language.value === "en" ? en : zh));
