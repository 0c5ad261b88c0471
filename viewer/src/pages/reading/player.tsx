/** Below the picture: the phases of a 4-D set under one thumb, and the cine's controls. */

import { MAX_FPS, MIN_FPS } from "../../reading/cine";
import { hint } from "../../reading/key_table";
import { showPhase } from "../../reading/phases";
import { desk } from "../../session";
import { playerWords } from "../../words/player";
import { words } from "../../words/words";
import { Icon } from "../icons";
import { phaseText } from "./phase_text";

const { cine } = desk;

function PhaseSlider() {
  const [w, p] = [words.value, playerWords.value];
  const phases = desk.phases.value;
  const at = phases.indexOf(desk.stack.value!);
  const phase = phases[at]?.phase;
  if (phases.length < 2 || !phase) return null;
  const label = phaseText(phase, w);
  const go = (to: number, moving: boolean): void => {
    cine.stop();
    showPhase(desk, to, moving);
  };
  return (
    <div class="player-row">
      <button
        class="tool"
        aria-label={p.previous_phase}
        title={`${p.previous_phase} (${hint("previous_phase")})`}
        data-testid="previous-phase"
        onClick={() => go((at + phases.length - 1) % phases.length, false)}
      >
        ‹
      </button>
      <input
        type="range"
        min={0}
        max={phases.length - 1}
        step={1}
        value={at}
        aria-label={w.phase}
        aria-valuetext={`${label}, ${at + 1}/${phases.length}`}
        data-testid="phase-slider"
        onInput={(event) => go(Number(event.currentTarget.value), true)}
        onChange={() => desk.rest()}
      />
      <button
        class="tool"
        aria-label={p.next_phase}
        title={`${p.next_phase} (${hint("next_phase")})`}
        data-testid="next-phase"
        onClick={() => go((at + 1) % phases.length, false)}
      >
        ›
      </button>
      <output class="mono" data-testid="phase-text">
        {label} <span class="faint">{`${at + 1}/${phases.length}`}</span>
      </output>
    </div>
  );
}

/** Play and stop: prominent, because nothing plays by itself. */
function PlayButton() {
  const w = words.value;
  const playing = cine.playing.value;
  const label = playing ? w.stop : w.play;
  return (
    <button
      class={playing ? "play playing" : "play"}
      aria-label={label}
      title={`${label} (${hint("cine")})`}
      data-testid="play"
      onClick={() => cine.toggle()}
    >
      <Icon name={playing ? "stop" : "play"} />
      <span>{label}</span>
    </button>
  );
}

function Measured() {
  const p = playerWords.value;
  const measured = cine.measured.value;
  if (!measured) return null;
  const parts = [p.fps(measured.fps.toFixed(1)), ...(measured.skipped ? [p.skipped(measured.skipped)] : [])];
  return (
    <output class="mono" data-testid="measured" data-skipped={measured.skipped}>
      {parts.join(" · ")}
    </output>
  );
}

function Controls() {
  const p = playerWords.value;
  const fps = Math.round(cine.fps.value);
  const choices = cine.choices.value;
  return (
    <div class="player-row" role="group" aria-label={p.title}>
      <PlayButton />
      {choices.length > 1 && (
        <div class="segments" role="group" aria-label={p.title}>
          {choices.map((over) => (
            <button
              key={over}
              aria-pressed={cine.over.value === over}
              data-testid={`cine-${over}`}
              onClick={() => cine.setOver(over)}
            >
              {p[over]}
            </button>
          ))}
        </div>
      )}
      <input
        type="range"
        min={MIN_FPS}
        max={MAX_FPS}
        step={1}
        value={fps}
        aria-label={p.speed}
        aria-valuetext={p.fps(String(fps))}
        data-testid="cine-fps"
        onInput={(event) => cine.setFps(Number(event.currentTarget.value))}
      />
      <span class="mono player-fps" data-testid="cine-speed">
        {p.fps(String(fps))}
      </span>
      <button
        class="tool"
        aria-label={`×1 ${p.own_speed}`}
        title={p.own_speed}
        aria-pressed={cine.speed.value === 1}
        data-testid="cine-own-speed"
        onClick={() => cine.setSpeed(1)}
      >
        ×1
      </button>
      <button
        class="tool"
        aria-label={p[cine.way.value]}
        title={p[cine.way.value]}
        data-testid="cine-way"
        data-way={cine.way.value}
        onClick={() => cine.nextWay()}
      >
        <Icon name={cine.way.value} />
      </button>
      <Measured />
    </div>
  );
}

export function Player() {
  const phases = desk.phases.value.length > 1;
  const controls = cine.shown.value;
  if (!phases && !controls) return null;
  return (
    <div class="player" data-testid="player">
      {phases && <PhaseSlider />}
      {controls && <Controls />}
    </div>
  );
}
