/** What a note of a stack means, in words and millimetres. Fetched when a stack has one. */

import type { Geometry, StackInfo } from "../../api/messages";
import { depthOf } from "../../geometry/camera";
import { toPatient } from "../../geometry/grid";
import { holes, missingSlices, sliceNormal, spacings, tiltDegrees } from "../../geometry/places";
import { noteSentences, type NoteSentences } from "../../words/note_sentences";
import { words } from "../../words/words";

const millimetres = (value: number): string => String(Number(value.toFixed(2)));

/** Where along the patient a place of the third axis is, as the corners count it. */
const depthAt = (geometry: Geometry, place: number): string =>
  millimetres(depthOf(toPatient(geometry, [0, 0, place]), sliceNormal(geometry)));

function missing(geometry: Geometry, w: NoteSentences, and: string): string {
  const where = holes(geometry).map((hole) =>
    w.hole(hole.missing, depthAt(geometry, hole.from), depthAt(geometry, hole.to)),
  );
  return w.missing_slices(missingSlices(geometry), where.join(and));
}

/** The sentence of a note. A code that this page does not know still warns. */
export function NoteSentence({ code, stack: { volume } }: { code: string; stack: StackInfo }) {
  const w = noteSentences.value;
  if (volume && code === "note_missing_slices") return <>{missing(volume, w, words.value.notes.and)}</>;
  if (volume && code === "note_tilted") return <>{w.tilted(tiltDegrees(volume).toFixed(1))}</>;
  if (volume && code === "note_uneven") {
    const [least, most] = spacings(volume).map(millimetres) as [string, string];
    return <>{w.uneven(least, most)}</>;
  }
  const sentence = w[code.replace("note_", "") as keyof NoteSentences];
  return <>{typeof sentence === "string" ? sentence : w.unknown}</>;
}
