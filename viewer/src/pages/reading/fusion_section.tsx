/** A second volume in colours over the first: which, in which colours and window, and how it lies. */

import { useState } from "preact/hooks";
import { PLANES } from "../../geometry/grid";
import type { Vector3 } from "../../geometry/vectors";
import * as fusions from "../../reading/fusions";
import { windowNumber } from "../../reading/windows";
import { connection, desk } from "../../session";
import type { Fusion } from "../../stream/messages";
import { processingWords } from "../../words/processing";
import { words } from "../../words/words";
import { NumberField } from "./number_field";
import { swatch } from "./preset_list";
import { NeedsPlanes } from "./processing_panel";
import { secondName } from "./second_name";
import { Slider } from "./slider";

function Seconds({ fusion }: { fusion: Fusion | null }) {
  const w = processingWords.value;
  const found = fusions.seconds(desk);
  if (found.length === 0) return <p class="faint">{w.no_second}</p>;
  const press = (second: fusions.Second | null): void => {
    fusions.fuse(desk, second);
    desk.sheet.value = null;
  };
  return (
    <>
      <h3>{w.fuse_with}</h3>
      <ul class="presets" data-testid="seconds">
        <li>
          <button aria-pressed={!fusion} data-testid="fuse-none" onClick={() => press(null)}>
            {w.no_fusion}
          </button>
        </li>
        {found.map((second) => (
          <li key={second.stack.digest}>
            <button
              aria-pressed={fusion?.stack === second.stack.digest}
              data-testid={`fuse-${second.series.id}`}
              onClick={() => press(second)}
            >
              <span>{secondName(second)}</span>
              <span class="faint">{second.same_frame ? w.registrations.same_frame : w.registrations.not_registered}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function Look({ fusion, unit }: { fusion: Fusion; unit: string }) {
  const w = processingWords.value;
  const [centre, width] = fusion.window;
  const opacity = fusion.opacity ?? 0.5;
  return (
    <>
      <h3>{w.palette}</h3>
      <ul class="presets swatches" data-testid="palettes">
        {connection.palettes.value.map(({ name, colours }) => (
          <li key={name}>
            <button aria-pressed={fusion.palette === name} data-testid={`palette-${name}`} onClick={() => fusions.change(desk, { palette: name }, false)}>
              <span class="swatch" style={{ background: swatch(colours) }} />
              <span>{w.palettes[name] ?? name}</span>
            </button>
          </li>
        ))}
      </ul>
      <div class="numbers">
        <NumberField
          label={words.value.window_width}
          value={windowNumber(width)}
          testid="fusion-width"
          oncommit={(n) => n > 0 && fusions.change(desk, { window: [centre, n] }, false)}
        />
        <NumberField
          label={`${words.value.window_centre}${unit && ` ${unit}`}`}
          value={windowNumber(centre)}
          testid="fusion-centre"
          oncommit={(n) => fusions.change(desk, { window: [n, width] }, false)}
        />
      </div>
      <div class="numbers">
        <NumberField
          label={`${w.shown_from}${unit && ` ${unit}`}`}
          value={windowNumber(fusions.edgesOf(fusion.window)[0])}
          testid="fusion-from"
          oncommit={(n) => fusions.showFrom(desk, n)}
        />
      </div>
      <Slider
        label={w.opacity}
        least={0}
        most={1}
        step={0.05}
        value={opacity}
        text={`${Math.round(opacity * 100)} %`}
        testid="fusion-opacity"
        oninput={(value) => fusions.change(desk, { opacity: value }, true)}
      />
    </>
  );
}

const SIDES: [string, Vector3][] = [
  ["R", [-1, 0, 0]],
  ["L", [1, 0, 0]],
  ["A", [0, -1, 0]],
  ["P", [0, 1, 0]],
  ["F", [0, 0, -1]],
  ["H", [0, 0, 1]],
];
const STEPS_MM = [0.5, 1, 5, 20];
const STEPS_DEGREES = [0.5, 1, 5, 45];

function Steps({ label, steps, unit, chosen, choose, testid }: { label: string; steps: number[]; unit: string; chosen: number; choose(step: number): void; testid: string }) {
  return (
    <div class="segments" role="group" aria-label={label}>
      {steps.map((step) => (
        <button key={step} aria-pressed={step === chosen} data-testid={`${testid}-${step}`} onClick={() => choose(step)}>
          {`${step}${unit}`}
        </button>
      ))}
    </div>
  );
}

/** Nudges by hand: along the patient's axes, and in the three planes about the crosshair. */
function Move() {
  const w = processingWords.value;
  const [mm, setMm] = useState(1);
  const [degrees, setDegrees] = useState(1);
  return (
    <>
      <h3>{w.move}</h3>
      <Steps label={w.step_mm} steps={STEPS_MM} unit=" mm" chosen={mm} choose={setMm} testid="nudge-mm" />
      <div class="nudges">
        {SIDES.map(([side, way]) => (
          <button
            key={side}
            title={w.directions[side]}
            aria-label={`${w.directions[side]} ${mm} mm`}
            data-testid={`nudge-${side}`}
            onClick={() => fusions.nudge(desk, way.map((part) => part * mm) as Vector3)}
          >
            {w.directions[side]}
          </button>
        ))}
      </div>
      <Steps label={w.step_degrees} steps={STEPS_DEGREES} unit="°" chosen={degrees} choose={setDegrees} testid="nudge-degrees" />
      <div class="nudges">
        {PLANES.flatMap((plane) =>
          [1, -1].map((way) => {
            const name = words.value.roles[plane];
            const label = w.turn_in(name, way > 0 ? w.clockwise : w.counterclockwise);
            return (
              <button
                key={`${plane} ${way}`}
                title={label}
                aria-label={`${label} ${degrees}°`}
                data-testid={`turn-${plane}${way > 0 ? "+" : "-"}`}
                onClick={() => fusions.turnSecond(desk, plane, way * degrees)}
              >
                {`${name} ${way > 0 ? "↻" : "↺"}`}
              </button>
            );
          }),
        )}
      </div>
      <button class="wide" data-testid="reset-move" onClick={() => fusions.resetMove(desk)}>
        {w.reset_move}
      </button>
    </>
  );
}

export function FusionSection() {
  const w = processingWords.value;
  if (desk.layout.value !== "mpr") return <NeedsPlanes />;
  const fusion = fusions.fusionOf(desk);
  const second = fusion && fusions.secondOf(desk, fusion);
  const how = fusion && fusions.registration(second, fusions.moveOf(fusion));
  return (
    <>
      <Seconds fusion={fusion} />
      {fusion && (
        <>
          <p class={how === "not_registered" ? "warning" : "faint"} data-testid="registration" data-how={how ?? ""}>
            {w.registrations[how!]}
          </p>
          <Look fusion={fusion} unit={second?.stack.unit ?? ""} />
          <Move />
        </>
      )}
    </>
  );
}
