/** The sentences of notes in English. */

import type { NoteSentences } from "./note_sentences";

export const en: NoteSentences = {
  tilted: (degrees) =>
    `The gantry was tilted by ${degrees}°. Slices stand where they were taken, planes follow the patient's axes, and lengths are right.`,
  uneven: (least, most) =>
    `The slices are ${least} to ${most} mm apart. Each stands where it was taken; in between, values go in proportion to the real distance.`,
  missing_slices: (n, where) =>
    `${n === 1 ? "One slice is" : `${n} slices are`} missing: ${where}. Nothing is shown or filled in there; do not judge the anatomy of that place.`,
  hole: (n, from, to) => `${n} between ${from} and ${to} mm`,
  phase_order:
    "The header does not say what tells these phases apart: only the order of the images does. Check that the images of each phase belong together.",
  order: "Nothing says in which order these images belong.",
  colours:
    "Some values of this image stand for colours. They are shown grey: do not read them as measured values.",
  more_frames: "More frames are stored than the header says. Only those that it tells of are shown.",
  no_rescale:
    "The header has no readable rescale slope and intercept. Values are shown as stored, not in HU or another unit: do not read them as measured.",
  unknown: "This series is unusual. Measure with care.",
};
