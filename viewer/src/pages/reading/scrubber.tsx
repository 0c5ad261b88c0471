/** The strip at the right edge: the whole stack under one thumb, which also shows where one is. */

import { useRef, useState } from "preact/hooks";
import * as moves from "../../reading/moves";
import type { Viewport } from "../../reading/viewport";
import { desk } from "../../session";
import { words } from "../../words/words";

const KEYS: Record<string, number> = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 };

export function Scrubber({ viewport }: { viewport: Viewport }) {
  const track = useRef<HTMLDivElement>(null);
  const [held, setHeld] = useState(false);
  const at = moves.isAlong(viewport) ? null : moves.position(desk, viewport.view.value);
  if (!at || at.count < 2) return null;
  const index = Math.min(at.count - 1, Math.max(0, Math.round(at.index)));
  const part = index / (at.count - 1);

  const follow = (event: PointerEvent): void => {
    const { top, height } = track.current!.getBoundingClientRect();
    const to = Math.round(((event.clientY - top) / height) * (at.count - 1));
    if (to !== index) moves.scrollTo(desk, viewport, to, true);
  };
  const press = (event: PointerEvent): void => {
    event.preventDefault();
    track.current!.setPointerCapture(event.pointerId);
    desk.active.value = viewport.role;
    setHeld(true);
    follow(event);
  };
  const release = (): void => {
    setHeld(false);
    desk.rest();
  };
  const key = (event: KeyboardEvent): void => {
    const steps = KEYS[event.key] ?? { Home: -at.count, End: at.count }[event.key];
    if (steps === undefined) return;
    event.preventDefault();
    moves.scroll(desk, viewport, steps, true);
  };

  return (
    <div
      class={held ? "scrubber held" : "scrubber"}
      role="slider"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={words.value.scrubber}
      aria-valuemin={1}
      aria-valuemax={at.count}
      aria-valuenow={index + 1}
      aria-valuetext={words.value.image_of(index + 1, at.count)}
      data-own-hands
      data-testid={`scrubber-${viewport.role}`}
      onPointerDown={press}
      onPointerMove={(event) => held && follow(event)}
      onPointerUp={release}
      onPointerCancel={release}
      onKeyDown={key}
    >
      <div class="track" ref={track}>
        <div class="thumb" style={{ top: `${part * 100}%` }}>
          {held && (
            <span class="thumb-number" data-testid="scrubber-number">
              {index + 1}
              <small>/{at.count}</small>
            </span>
          )}
        </div>
      </div>
    </div>
  );
}
