/**
 * A row of buttons that a thumb swipes through: the one that comes to rest in its middle is pressed.
 *
 * Which one is chosen says the button itself, by aria-pressed; it is brought to the middle when that changes.
 */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  class: string;
  label: string;
  testid: string;
  children: ComponentChildren;
}

const RESTS_MS = 140; // Safari has no scrollend

/** The child whose middle is nearest to the row's. */
function middle(row: HTMLElement): HTMLElement | null {
  const box = row.getBoundingClientRect();
  const away = (child: Element): number => {
    const { left, width } = child.getBoundingClientRect();
    return Math.abs(left + width / 2 - box.left - box.width / 2);
  };
  const [first, ...others] = [...row.children] as HTMLElement[];
  return others.reduce((best, child) => (away(child) < away(best) ? child : best), first!) ?? null;
}

function bring(row: HTMLElement, child: HTMLElement, smooth: boolean): void {
  const left = child.offsetLeft + child.offsetWidth / 2 - row.clientWidth / 2;
  row.scrollTo({ left, behavior: smooth ? "smooth" : "auto" });
}

const chosenOf = (row: HTMLElement): HTMLElement | null => row.querySelector("[aria-pressed=true]");

export function Carousel({ class: name, label, testid, children }: Props) {
  const row = useRef<HTMLDivElement>(null);
  const state = useRef({ swiping: false, touching: false, timer: 0, shown: null as HTMLElement | null });
  useEffect(() => {
    const now = state.current;
    const chosen = chosenOf(row.current!);
    if (!chosen || chosen === now.shown) return;
    if (!now.swiping) bring(row.current!, chosen, now.shown !== null);
    now.shown = chosen;
  });
  useEffect(() => () => clearTimeout(state.current.timer), []);

  const rest = (): void => {
    const now = state.current;
    clearTimeout(now.timer);
    if (!now.swiping || now.touching) return;
    now.timer = window.setTimeout(() => {
      now.swiping = false;
      const child = middle(row.current!);
      if (child && child !== chosenOf(row.current!)) child.click();
    }, RESTS_MS);
  };
  const touch = (touching: boolean): void => {
    state.current.touching = touching;
    // Only a hand swipes: the row also scrolls when it brings what was chosen elsewhere to its middle.
    if (touching) state.current.swiping = true;
    rest();
  };
  return (
    <div
      ref={row}
      class={`carousel ${name}`}
      role="group"
      aria-label={label}
      data-testid={testid}
      onScroll={rest}
      onTouchStart={() => touch(true)}
      onTouchEnd={() => touch(false)}
      onTouchCancel={() => touch(false)}
    >
      {children}
    </div>
  );
}
