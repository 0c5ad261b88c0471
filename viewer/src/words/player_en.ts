/** English for the player of a cine. */

import type { PlayerWords } from "./player";

export const en: PlayerWords = {
  title: "Cine",
  play_or_stop: "Play / stop",
  speed: "Images a second",
  own_speed: "Own speed",
  loop: "Loop",
  sweep: "Back and forth",
  once: "Once",
  images: "Images",
  phases: "Phases",
  skipped: (n) => `skipped ${n}`,
  fps: (shown) => `${shown} fps`,
  previous_phase: "Previous phase",
  next_phase: "Next phase",
};
