/** The sentences of notes: they come with the first note that is shown, not with the first page. */

import { computed } from "@preact/signals";
import { en } from "./note_sentences_en";
import { zh } from "./note_sentences_zh";
import { language, type Wide } from "./words";

export type NoteSentences = Wide<typeof zh>;
export const noteSentences = computed<NoteSentences>(() => (language.value === "en" ? en : zh));
