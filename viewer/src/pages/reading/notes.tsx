/** What a reader should know of a stack, and what is stored without pictures. */

import { signal } from "@preact/signals";
import type { StackInfo, StoredObject } from "../../api/messages";
import { missingSlices } from "../../geometry/places";
import type { Role } from "../../reading/viewport";
import { desk } from "../../session";
import { words, type Words } from "../../words/words";
import { later } from "../later";

const NoteSentence = later(() => import("./note_sentence").then((part) => part.NoteSentence));

/** A stack's notes in a word or two each. A code that this page does not know still warns. */
function shortOf(code: string, { volume }: StackInfo, w: Words): string {
  if (volume && code === "note_missing_slices") return w.notes.note_missing_slices(missingSlices(volume));
  const short = w.notes[code as keyof Words["notes"]];
  return typeof short === "string" ? short : w.notes.title;
}

/** The note whose sentence is open, and on which picture. */
const opened = signal<string | null>(null);

/** Quiet chips on the picture; each opens its sentence. */
export function NoteChips({ stack, role }: { stack: StackInfo; role: Role }) {
  const at = (code: string): string => `${role} ${code}`;
  if (stack.notes.length === 0) return null;
  const open = stack.notes.find((code) => at(code) === opened.value);
  return (
    <div class="notes" data-own-hands>
      {stack.notes.map((code) => (
        <button
          key={code}
          class="note-chip"
          aria-expanded={at(code) === opened.value}
          data-testid={`chip-${code}`}
          onClick={() => (opened.value = at(code) === opened.value ? null : at(code))}
        >
          {shortOf(code, stack, words.value)}
        </button>
      ))}
      <p class="note-text" role="status" data-testid="note-text">
        {open && <NoteSentence code={open} stack={stack} />}
      </p>
    </div>
  );
}

/** The same sentences beside the picture. */
export function NotesPanel() {
  const stack = desk.stack.value;
  if (!stack?.notes.length) return null;
  return (
    <section class="panel">
      <h2>{words.value.notes.title}</h2>
      {stack.notes.map((code) => (
        <p key={code} class="note" data-testid={code}>
          <NoteSentence code={code} stack={stack} />
        </p>
      ))}
    </section>
  );
}

/** "结构化报告 1": what they are in the reader's language, else DICOM's own name. */
export function storedText({ kind, name, count }: StoredObject, w: Words): string {
  const known = kind === "other" && name ? name : w.kinds[kind];
  return `${known ?? (name || w.kinds.other)} ${count}`;
}

/** A study of which nothing can be shown still says what it keeps. */
export function StoredStudy() {
  const w = words.value;
  const study = desk.study.value;
  if (!study || desk.stack.value || study.series.length === 0) return null;
  return (
    <div class="stored-study" data-testid="stored-study">
      <h2>{w.stored_only}</h2>
      <ul>
        {study.series.flatMap((series) =>
          series.not_displayable.map((object) => (
            <li key={`${series.id} ${object.kind} ${object.name}`}>{storedText(object, w)}</li>
          )),
        )}
      </ul>
    </div>
  );
}

/** What the open series keeps that has no picture. */
export function StoredPanel() {
  const w = words.value;
  const kept = desk.series.value?.not_displayable ?? [];
  if (kept.length === 0) return null;
  return (
    <section class="panel">
      <h2>{w.stored_only}</h2>
      <ul>
        {kept.map((object) => (
          <li key={`${object.kind} ${object.name}`} class="note" data-testid="stored-object" data-kind={object.kind}>
            {storedText(object, w)}
          </li>
        ))}
      </ul>
    </section>
  );
}
