/** The values of the volume that is shown and the curve of its preset, asked for until the server has told them. */

import { computed, effect, signal } from "@preact/signals";
import type { Desk } from "./desk";
import { aboutOf } from "./viewport";

/** A volume that was put out of memory is read again, for longer than the one answer that is waited for. */
const MOST_TRIES = 3;

export class Survey {
  private readonly failures = signal({ at: "", count: 0 });
  /** What would be asked now, and how things stand: what failed may be answered when they change. "" is no use. */
  private readonly chance = computed(() => {
    const { view, drawn, loading } = this.desk.viewports.volume;
    const wanted = view.value;
    // Before it is drawn the volume is not there.
    const there = wanted?.kind === "volume" && drawn.value?.view.stack === wanted.stack;
    return there && this.desk.connection.state.value === "open" ? `${aboutOf(wanted)} ${!loading.value}` : "";
  });
  readonly told = computed(() => this.desk.viewports.volume.surveyed);
  /** Nobody has answered, and nobody is asked any more. */
  readonly failed = computed(
    () => !this.told.value && !this.desk.viewports.volume.loading.value && this.count(this.chance.value) >= MOST_TRIES,
  );

  constructor(private readonly desk: Desk) {}

  private count(chance: string): number {
    return chance && this.failures.value.at === chance ? this.failures.value.count : 0;
  }

  /** Ask whenever an answer can come, until the function that this gives is called. */
  watch(): () => void {
    return effect(() => {
      const chance = this.chance.value;
      const count = this.count(chance);
      if (!chance || this.told.value || count >= MOST_TRIES) return;
      void this.desk.viewports.volume.survey().then((answer) => {
        if (!answer && chance === this.chance.peek()) this.failures.value = { at: chance, count: count + 1 };
      });
    });
  }

  again(): void {
    this.failures.value = { at: "", count: 0 };
  }
}
