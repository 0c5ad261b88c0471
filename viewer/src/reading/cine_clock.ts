/** When which image of a cine is due. Pure: elapsed milliseconds in, an image out. */

export type Way = "loop" | "sweep" | "once";
export const WAYS: readonly Way[] = ["loop", "sweep", "once"];

export class CineClock {
  /** When each turn of a whole round ends, milliseconds from its beginning. */
  private readonly ends: number[] = [];
  private readonly order: number[];

  /**
   * times_ms: how long each image is shown, all above 0. A loop goes from the end to the beginning, a sweep back again.
   */
  constructor(
    times_ms: number[],
    private readonly way: Way,
  ) {
    const forward = times_ms.map((_, i) => i);
    this.order = way === "sweep" && times_ms.length > 2 ? [...forward, ...forward.slice(1, -1).reverse()] : forward;
    let end = 0;
    for (const i of this.order) this.ends.push((end += times_ms[i]!));
  }

  get round_ms(): number {
    return this.ends[this.ends.length - 1]!;
  }

  /** How long after the beginning of a round image `index` is first due. */
  startOf(index: number): number {
    return index > 0 ? this.ends[index - 1]! : 0;
  }

  /** Whether all has been shown that is to be shown once. */
  over(elapsed_ms: number): boolean {
    return this.way === "once" && elapsed_ms >= this.round_ms;
  }

  /** Which image is due after `elapsed_ms`, and the how-manieth turn since the beginning that is, from 0. */
  at(elapsed_ms: number): { index: number; turn: number } {
    const rounds = Math.floor(elapsed_ms / this.round_ms);
    const rest = elapsed_ms - rounds * this.round_ms;
    const found = this.ends.findIndex((end) => end > rest);
    const turn = found < 0 ? this.order.length - 1 : found;
    return { index: this.order[turn]!, turn: rounds * this.order.length + turn };
  }
}
