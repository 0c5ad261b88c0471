/** Wheel events to whole steps: one for a notch of a mouse, one for every 30 px of a touchpad. */

export interface WheelLike {
  deltaX: number;
  deltaY: number;
  deltaMode: number;
  ctrlKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
}

export type Turned =
  { does: "scroll"; steps: number } | { does: "zoom"; factor: number } | { does: "thickness"; steps: number };

const TOUCHPAD_PX = 30;
const NOTCH_PX = 50; // Chrome says 100 or 120 a notch, 53 on some Linux; touchpads say a few pixels at a time

export class Wheel {
  private rest = 0;

  /** What this event asks for; steps may be 0. */
  turn(event: WheelLike): Turned {
    // macOS turns the wheel sideways while Shift is held.
    const delta = event.deltaY || event.deltaX;
    const pixels = event.deltaMode === 0 ? delta : Math.sign(delta) * 100;
    if (event.ctrlKey) return { does: "zoom", factor: Math.exp(-Math.max(-100, Math.min(100, pixels)) / 400) };
    const steps = this.steps(pixels);
    return event.altKey ? { does: "thickness", steps } : { does: "scroll", steps: steps * (event.shiftKey ? 5 : 1) };
  }

  private steps(pixels: number): number {
    if (Math.abs(pixels) >= NOTCH_PX) {
      this.rest = 0;
      return Math.sign(pixels);
    }
    if (Math.sign(pixels) !== Math.sign(this.rest)) this.rest = 0;
    this.rest += pixels;
    const steps = Math.trunc(this.rest / TOUCHPAD_PX);
    this.rest -= steps * TOUCHPAD_PX;
    return steps;
  }
}
