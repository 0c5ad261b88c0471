/** What a reader should know of a stack, in words and millimetres; and what is stored without pictures. */

import { signal } from "@preact/signals";
import type { Geometry, StackInfo, StoredObject } from "../../api/messages";
import { depthOf } from "../../geometry/camera";
import { toPatient } from "../../geometry/grid";
import { holes, missingSlices, sliceNormal, spacings, tiltDegrees } from "../../geometry/places";
import type { Role } from "../../reading/viewport";
import { desk } from "../../session";
import { words, type Words } from "../../words/words";

const millimetres = (value: number): string => String(Number(value.toFixed(2)));

/** Where along the patient a place of the third axis is, as the corners count it. */
const depthAt = (geometry: Geometry, place: number): string =>
  millimetres(depthOf(toPatient(geometry, [0, 0, place]), sliceNormal(geometry)));

interface Note {
  code: string;
  short: string;
  long: string;
}

function missing(geometry: Geometry, w: Words): Note {
  const found = holes(geometry);
  const where = found
    .map((hole) => w.notes.hole(hole.missing, depthAt(geometry, hole.from), depthAt(geometry, hole.to)))
    .join(w.notes.and);
  const count = missingSlices(geometry);
  return { code: "note_missing_slices", short: w.notes.note_missing_slices(count), long: w.notes.missing(count, where) };
}

/** The notes of a stack as chips and sentences. A code that this page does not know still warns. */
export function notesOf({ notes, volume }: StackInfo, w: Words): Note[] {
  return notes.map((code) => {
    if (volume && code === "note_missing_slices") return missing(volume, w);
    if (volume && code === "note_tilted") {
      return { code, short: w.notes.note_tilted, long: w.notes.tilted(tiltDegrees(volume).toFixed(1)) };
    }
    if (volume && code === "note_uneven") {
      const [least, most] = spacings(volume).map(millimetres) as [string, string];
      return { code, short: w.notes.note_uneven, long: w.notes.uneven(least, most) };
    }
    if (code === "note_phase_order") return { code, short: w.notes.note_phase_order, long: w.notes.phase_order };
    if (code === "note_order") return { code, short: w.notes.note_order, long: w.notes.order };
    if (code === "note_colours") return { code, short: w.notes.note_colours, long: w.notes.colours };
    if (code === "note_no_rescale") return { code, short: w.notes.note_no_rescale, long: w.notes.no_rescale };
    return { code, short: w.notes.title, long: w.notes.unknown };
  });
}

/** The note whose sentence is open, and on which picture. */
const opened = signal<string | null>(null);

/** Quiet chips on the picture; each opens its sentence. */
export function NoteChips({ stack, role }: { stack: StackInfo; role: Role }) {
  const at = (code: string): string => `${role} ${code}`;
  const found = notesOf(stack, words.value);
  if (found.length === 0) return null;
  const open = found.find(({ code }) => at(code) === opened.value);
  return (
    <div class="notes" data-own-hands>
      {found.map(({ code, short }) => (
        <button
          key={code}
          class="note-chip"
          aria-expanded={at(code) === opened.value}
          data-testid={`chip-${code}`}
          onClick={() => (opened.value = at(code) === opened.value ? null : at(code))}
        >
          {short}
        </button>
      ))}
      <p class="note-text" role="status" data-testid="note-text">
        {open?.long}
      </p>
    </div>
  );
}

/** The same sentences beside the picture. */
export function NotesPanel() {
  const w = words.value;
  const stack = desk.stack.value;
  const found = stack ? notesOf(stack, w) : [];
  if (found.length === 0) return null;
  return (
    <section class="panel">
      <h2>{w.notes.title}</h2>
      {found.map(({ code, long }) => (
        <p key={code} class="note" data-testid={code}>
          {long}
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
