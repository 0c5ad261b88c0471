/** The texts of the page about the own password: they come with it. */

import { computed } from "@preact/signals";
import { en } from "./password_en";
import { zh } from "./password_zh";
import { language, type Wide } from "./words";

export type PasswordWords = Wide<typeof zh>;
export const passwordWords = computed<PasswordWords>(() => (language.value === "en" ? en : zh));
