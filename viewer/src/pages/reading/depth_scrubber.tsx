/** The strip at the right edge of a volume rendering that is cut: how deep, under one thumb, as images are scrubbed. */

import { useRef, useState } from "preact/hooks";
import * as clips from "../../reading/clips";
import type { Viewport } from "../../reading/viewport";
import { desk } from "../../session";
import { clipWords } from "../../words/clips";

const KEYS: Record<string, number> = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };

export function DepthScrubber({ viewport }: { viewport: Viewport }) {
  const track = useRef<HTMLDivElement>(null);
  const [held, setHeld] = useState(false);
  const view = viewport.view.value;
  const geometry = desk.geometry.value;
  if (view?.kind !== "volume" || !geometry) return null;
  const { depth_mm, most_mm } = clips.cutOf(geometry, view);

  const follow = (event: PointerEvent): void => {
    const { top, height } = track.current!.getBoundingClientRect();
    clips.cutTo(desk, viewport, ((event.clientY - top) / height) * most_mm, true);
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
    const step = KEYS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    clips.cutTo(desk, viewport, depth_mm + step, true);
  };

  const said = `${Math.round(depth_mm)} mm`;
  return (
    <div
      class={held ? "scrubber held" : "scrubber"}
      role="slider"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={clipWords.value.depth}
      aria-valuemin={0}
      aria-valuemax={Math.round(most_mm)}
      aria-valuenow={Math.round(depth_mm)}
      aria-valuetext={said}
      data-own-hands
      data-testid="depth-scrubber"
      onPointerDown={press}
      onPointerMove={(event) => held && follow(event)}
      onPointerUp={release}
      onPointerCancel={release}
      onKeyDown={key}
    >
      <div class="track" ref={track}>
        <div class="thumb" style={{ top: `${Math.min(1, depth_mm / most_mm) * 100}%` }}>
          {held && <span class="thumb-number">{said}</span>}
        </div>
      </div>
    </div>
  );
}
