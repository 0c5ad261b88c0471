/** What of a volume is rendered and from how near, in the panel: clip box, cuts, perspective. */

import { isClipped } from "../../geometry/clipped";
import * as clips from "../../reading/clips";
import type { Viewport } from "../../reading/viewport";
import { desk } from "../../session";
import type { VolumeView } from "../../stream/messages";
import { clipWords } from "../../words/clips";
import { words } from "../../words/words";
import "../../styles/clip.css";

interface Props {
  viewport: Viewport;
  view: VolumeView;
}

function Clipping({ viewport, view }: Props) {
  const w = clipWords.value;
  const geometry = desk.geometry.value;
  if (!geometry) return null;
  const on = !!view.clip_box;
  const { depth_mm, most_mm } = clips.cutOf(geometry, view);
  const toggle = (): void => {
    clips.setBox(desk, viewport, !on);
    if (!on) desk.sheet.value = null; // on a phone it would lie over the handles
  };
  return (
    <>
      <div class="clip-buttons">
        <button aria-pressed={on} data-testid="clip-box" onClick={toggle}>
          {w.box}
        </button>
        <button
          aria-pressed={on && clips.framed.value}
          disabled={!on}
          data-testid="clip-handles"
          onClick={() => (clips.framed.value = !clips.framed.value)}
        >
          {w.handles}
        </button>
      </div>
      <label class="slider">
        <span>{w.depth}</span>
        <input
          type="range"
          min={0}
          max={Math.ceil(most_mm)}
          step={1}
          value={depth_mm}
          data-testid="cut-depth"
          aria-valuetext={`${Math.round(depth_mm)} mm`}
          onInput={(event) => clips.cutTo(desk, viewport, Number(event.currentTarget.value), true)}
          onChange={() => desk.rest()}
        />
        <output class="mono">{`${Math.round(depth_mm)} mm`}</output>
      </label>
      <div class="clip-buttons">
        <button
          disabled={!clips.canCutAgain(view)}
          data-testid="cut-again"
          onClick={() => clips.cutAgain(desk, viewport)}
        >
          {w.again}
        </button>
        <button
          disabled={!isClipped(geometry, view)}
          data-testid="unclip"
          onClick={() => clips.unclip(desk, viewport)}
        >
          {w.all}
        </button>
      </div>
    </>
  );
}

function Perspective({ viewport, view }: Props) {
  const w = clipWords.value;
  const parallel = !!view.projection; // its rays are
  const angle = parallel ? null : view.perspective;
  return (
    <>
      <div class="segments" role="group" aria-label={w.projection}>
        <button aria-pressed={!angle} data-testid="parallel" onClick={() => angle && clips.togglePerspective(viewport)}>
          {w.parallel}
        </button>
        <button
          aria-pressed={!!angle}
          disabled={parallel}
          data-testid="perspective"
          onClick={() => angle || clips.togglePerspective(viewport)}
        >
          {words.value.perspective}
        </button>
      </div>
      {parallel && <p class="faint">{w.rays_are_parallel}</p>}
      {angle && (
        <label class="slider">
          <span>{w.angle}</span>
          <input
            type="range"
            min={clips.NARROWEST}
            max={clips.WIDEST}
            step={5}
            value={angle}
            data-testid="perspective-angle"
            aria-valuetext={`${angle}°`}
            onInput={(event) => clips.setPerspective(viewport, Number(event.currentTarget.value), true)}
            onChange={() => desk.rest()}
          />
          <output class="mono">{`${angle}°`}</output>
        </label>
      )}
    </>
  );
}

export function ClipPanel(props: Props) {
  return (
    <section class="panel">
      <h2>{clipWords.value.title}</h2>
      <Clipping {...props} />
      <Perspective {...props} />
    </section>
  );
}
