/** The texts of a cine's player: they come with it. */

import { computed } from "@preact/signals";
import { en } from "./player_en";
import { zh } from "./player_zh";
import { language, type Wide } from "./words";

export type PlayerWords = Wide<typeof zh>;
export const playerWords = computed<PlayerWords>(() => (language.value === "en" ? en : zh));
