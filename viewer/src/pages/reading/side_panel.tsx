/** The numbers of the active viewport: image, window, slab, volume rendering. On a phone the same parts are a sheet. */

import { useState } from "preact/hooks";
import * as moves from "../../reading/moves";
import { hint } from "../../reading/key_table";
import { lookOf, sameLook, windowChoices, windowNumber } from "../../reading/windows";
import { connection, desk } from "../../session";
import type { PlaneView, Preset, StackView, VolumeView } from "../../stream/messages";
import { words } from "../../words/words";
import { NotesPanel, StoredPanel } from "./notes";

interface NumberProps {
  label: string;
  value: string;
  testid: string;
  oncommit(value: number): void;
}

/** A number that can be typed: Enter or leaving takes it, Escape gives the old one back. */
function NumberField({ label, value, testid, oncommit }: NumberProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const commit = (): void => {
    const number = Number(typed?.replace(",", "."));
    if (typed !== null && typed.trim() !== "" && Number.isFinite(number)) oncommit(number);
    setTyped(null);
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key === "Escape") setTyped(null);
    else if (event.key !== "Enter") return;
    else commit();
    // The next key belongs to the picture again.
    (event.currentTarget as HTMLElement).blur();
    event.stopPropagation();
  };
  return (
    <label class="number">
      <span>{label}</span>
      <input
        inputMode="decimal"
        value={typed ?? value}
        data-testid={testid}
        onFocus={(event) => event.currentTarget.select()}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onBlur={commit}
        onKeyDown={key}
      />
    </label>
  );
}

export function ImagePanel() {
  const w = words.value;
  const viewport = desk.activeViewport.value;
  const at = moves.position(desk, viewport.view.value);
  if (!at) return null;
  return (
    <section class="panel image-panel">
      <h2>{w.image}</h2>
      <div class="numbers">
        <NumberField
          label={`/ ${at.count}`}
          value={String(Math.round(at.index) + 1)}
          testid="image-number"
          oncommit={(n) => moves.scrollTo(desk, viewport, n - 1, false)}
        />
      </div>
    </section>
  );
}

export function WindowPanel() {
  const w = words.value;
  const view = desk.activeViewport.value.view.value as StackView | PlaneView | VolumeView | null;
  const [series, stack] = [desk.series.value, desk.stack.value];
  if (!view || view.kind === "volume" || !series || !stack || stack.colour) return null;
  const [centre, width] = view.window;
  const choices = windowChoices(series, stack, view.kind === "stack" ? view.frame : null);
  return (
    <section class="panel">
      <h2>{w.window}</h2>
      <div class="numbers">
        <NumberField
          label={w.window_width}
          value={windowNumber(width)}
          testid="window-width"
          oncommit={(n) => n > 0 && moves.setWindow(desk, [centre, n], false)}
        />
        <NumberField
          label={w.window_centre}
          value={windowNumber(centre)}
          testid="window-centre"
          oncommit={(n) => moves.setWindow(desk, [n, width], false)}
        />
      </div>
      <ul class="presets">
        {choices.map(({ id, name, window, lut }) => {
          // A plane has no VOI LUT: there the window that stands for it is on.
          const on = sameLook({ window, lut: view.kind === "stack" ? lut : null }, lookOf(view));
          return (
            <li key={id}>
              <button
                aria-pressed={on}
                data-testid={`window-${id}`}
                onClick={() => moves.setWindow(desk, window, false, lut)}
              >
                <kbd>{hint(`window:${id}`)}</kbd>
                <span>{w.windows[id] ?? name ?? w.windows.header}</span>
                <span class="faint mono">
                  {lut === null ? `${windowNumber(window[1])}/${windowNumber(window[0])}` : "LUT"}
                </span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

export function SlabPanel() {
  const w = words.value;
  const viewport = desk.activeViewport.value;
  const view = viewport.view.value;
  if (view?.kind !== "plane") return null;
  const thickness = view.thickness_mm ?? 0;
  return (
    <section class="panel">
      <h2>{w.slab}</h2>
      <div class="segments" role="group" aria-label={w.projection}>
        {(["max", "min", "mean"] as const).map((projection) => (
          <button
            key={projection}
            aria-pressed={thickness > 0 && view.projection === projection}
            title={w.projections[projection]}
            data-testid={`projection-${projection}`}
            onClick={() => moves.setProjection(viewport, projection)}
          >
            {w.projections_short[projection]}
          </button>
        ))}
      </div>
      <label class="slider">
        <span>{w.thickness}</span>
        <input
          type="range"
          min={0}
          max={moves.MAX_SLAB_MM}
          step={1}
          value={thickness}
          data-testid="slab-thickness"
          aria-valuetext={thickness ? `${thickness} mm` : w.thin}
          onInput={(event) => moves.setThickness(viewport, Number(event.currentTarget.value), true)}
          onChange={() => desk.rest()}
        />
        <output class="mono">{thickness ? `${thickness} mm` : w.thin}</output>
      </label>
    </section>
  );
}

/** The presets that were made for a modality; all where none was. */
export function presetsOf(all: Preset[], modality: string): Preset[] {
  const own = all.filter(({ modalities }) => modalities.includes(modality));
  return own.length ? own : all;
}

/** A few colours as a background. */
export const swatch = (colours: string[]): string => {
  const [first = "#888"] = colours;
  return `linear-gradient(90deg, ${(colours.length > 1 ? colours : [first, first]).join(", ")})`;
};

export function RenderingPanel() {
  const w = words.value;
  const viewport = desk.activeViewport.value;
  const view = viewport.view.value;
  const series = desk.series.value;
  if (view?.kind !== "volume" || !series) return null;
  const presets = presetsOf(connection.presets.value, series.modality);
  return (
    <section class="panel">
      <h2>{w.rendering}</h2>
      <ul class="presets swatches">
        {presets.map(({ name, colours }) => (
          <li key={name}>
            <button
              aria-pressed={view.preset === name}
              data-testid={`preset-${name}`}
              onClick={() => moves.setPreset(viewport, name)}
            >
              <span class="swatch" style={{ background: swatch(colours) }} />
              <span>{w.renderings[name] ?? name}</span>
            </button>
          </li>
        ))}
      </ul>
      <label class="slider">
        <span>{w.opacity_shift}</span>
        <input
          type="range"
          min={-500}
          max={500}
          step={10}
          value={view.shift ?? 0}
          data-testid="opacity-shift"
          aria-valuetext={`${Math.round(view.shift ?? 0)} ${desk.stack.value?.unit ?? ""}`.trim()}
          onInput={(event) => moves.setShift(viewport, Number(event.currentTarget.value), true)}
          onChange={() => desk.rest()}
        />
        <output class="mono">{`${Math.round(view.shift ?? 0)} ${desk.stack.value?.unit ?? ""}`}</output>
      </label>
      <div class="segments" role="group" aria-label={w.look_from}>
        {(["A", "P", "L", "R", "H", "F"] as const).map((side) => (
          <button
            key={side}
            title={`${w.look_from}: ${w.sides[side]}`}
            data-testid={`look-${side}`}
            onClick={() => moves.lookFrom(desk, viewport, side)}
          >
            {w.sides[side]}
          </button>
        ))}
      </div>
    </section>
  );
}

export function SidePanel() {
  return (
    <aside class="side-panel">
      <ImagePanel />
      <SlabPanel />
      <RenderingPanel />
      <WindowPanel />
      <NotesPanel />
      <StoredPanel />
    </aside>
  );
}
