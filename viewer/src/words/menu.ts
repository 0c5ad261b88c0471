/** The texts of a picture's menu: they come with it. */

import { computed } from "@preact/signals";
import { en } from "./menu_en";
import { zh } from "./menu_zh";
import { language, type Wide } from "./words";

export type MenuWords = Wide<typeof zh>;
export const menuWords = computed<MenuWords>(() => (language.value === "en" ? en : zh));
