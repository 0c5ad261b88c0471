/** What is drawn over a volume rendering: the point it turns about, and the clip box with a handle on each face. */

import { useRef } from "preact/hooks";
import type { Size } from "../../geometry/camera";
import { edgesOf, FACES, handleOf, pulled, SIDES, type Face, type Handle } from "../../geometry/clip_box";
import { project, projectLine } from "../../geometry/projection";
import type { Vector2 } from "../../geometry/vectors";
import * as clips from "../../reading/clips";
import type { Viewport } from "../../reading/viewport";
import { desk } from "../../session";
import type { ClipBox, VolumeView } from "../../stream/messages";
import { clipWords } from "../../words/clips";
import { words } from "../../words/words";
import { DepthScrubber } from "./depth_scrubber";
import "../../styles/clip.css";

const REACH_PX = 22; // 44 px for a finger
const DOT_PX = 10;
const SLIP_PX = 4; // less is no drag
const TWICE_MS = 350;
const KEYS: Record<string, number> = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10, Home: Infinity };
const FARTHER = 10; // a step with Shift

/** The picture that is on the screen, which all marks belong to. */
interface Shown {
  viewport: Viewport;
  view: VolumeView;
  /** Pixels of the picture, and how many of them a CSS pixel has. */
  size: Size;
  density: number;
}

/** What the picture turns about, where a reader chose it. */
function Pivot({ view, size, density }: Shown) {
  const at = desk.pivot.value && project(view, size, desk.pivot.value);
  if (!at) return null;
  const [x, y] = at;
  return (
    <g data-testid="pivot">
      <circle class="pivot" cx={x} cy={y} r={8 * density} vector-effect="non-scaling-stroke" />
      <circle class="pivot-dot" cx={x} cy={y} r={1.5 * density} />
    </g>
  );
}

function Edges({ view, size, box }: Shown & { box: ClipBox }) {
  return (
    <>
      {edgesOf(box, view).map(({ ends, hidden }, i) => {
        const line = projectLine(view, size, ...ends);
        if (!line) return null;
        const [[x1, y1], [x2, y2]] = line;
        return <line key={i} class={hidden ? "clip-edge hidden" : "clip-edge"} {...{ x1, y1, x2, y2 }} vector-effect="non-scaling-stroke" />;
      })}
    </>
  );
}

interface GripProps extends Shown {
  box: ClipBox;
  face: Face;
  handle: Handle;
  away_mm: number;
}

/** A face's handle: drag it along its normal, press it twice to give back all that it cuts away. */
function Grip({ viewport, box, face, handle, away_mm, density }: GripProps) {
  const w = clipWords.value;
  // How things stood when a hand took hold: the picture may lag behind it.
  const held = useRef<{ from: Vector2; box: ClipBox; handle: Handle; density: number; slipped: boolean } | null>(null);
  const tapped = useRef(-Infinity);

  const down = (event: PointerEvent): void => {
    if (held.current || event.button > 0) return;
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    desk.active.value = viewport.role;
    held.current = { from: [event.clientX, event.clientY], box, handle, density, slipped: false };
  };
  const move = (event: PointerEvent): void => {
    const hold = held.current;
    if (!hold) return;
    const [x, y] = [event.clientX - hold.from[0], event.clientY - hold.from[1]];
    hold.slipped ||= Math.hypot(x, y) > SLIP_PX;
    if (!hold.slipped) return;
    const mm = pulled(hold.handle, [x * hold.density, y * hold.density]);
    clips.moveFace(desk, viewport, hold.box, face, mm, true);
  };
  const up = (event: PointerEvent): void => {
    const hold = held.current;
    held.current = null;
    if (!hold) return;
    viewport.rest();
    if (hold.slipped) return;
    if (event.timeStamp - tapped.current < TWICE_MS) clips.resetFace(desk, viewport, box, face);
    tapped.current = event.timeStamp;
  };
  const key = (event: KeyboardEvent): void => {
    const step = KEYS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // the picture's own keys
    const now = viewport.view.peek();
    if (now?.kind !== "volume" || !now.clip_box) return;
    clips.moveFace(desk, viewport, now.clip_box, face, step * (event.shiftKey ? FARTHER : 1), true);
  };

  const [x, y] = handle.at;
  return (
    <g
      class={handle.behind ? "clip-grip hidden" : "clip-grip"}
      transform={`translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${density})`}
      role="slider"
      tabindex={0}
      aria-label={w.face(words.value.sides[SIDES[face]!])}
      aria-valuemin={0}
      aria-valuenow={Math.round(away_mm)}
      aria-valuetext={w.away(Math.round(away_mm))}
      data-own-hands
      data-testid={`clip-${SIDES[face]}`}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
      onKeyDown={key}
    >
      <circle class="reach" r={REACH_PX} />
      <circle class="dot" r={DOT_PX} />
      <text dy="0.36em">{SIDES[face]}</text>
      {away_mm >= 0.5 && (
        <text class="away" x={DOT_PX + 5} dy="0.36em">
          {`${Math.round(away_mm)} mm`}
        </text>
      )}
    </g>
  );
}

function Grips(shown: Shown & { box: ClipBox }) {
  const geometry = desk.geometry.value;
  if (!geometry) return null;
  const { view, size, box, density } = shown;
  const cut = clips.cutAways(geometry, box);
  const found = FACES.flatMap((face) => {
    const handle = handleOf(box, face, view, size, density);
    return handle ? [{ face, handle }] : [];
  });
  // Those that face the viewer lie on top: a hand takes hold of what it sees.
  found.sort((a, b) => b.handle.away - a.handle.away);
  return (
    <>
      {found.map(({ face, handle }) => (
        <Grip key={face} {...shown} face={face} handle={handle} away_mm={cut[face]!} />
      ))}
    </>
  );
}

export function VolumeMarks({ viewport }: { viewport: Viewport }) {
  const drawn = viewport.drawn.value;
  if (drawn?.view.kind !== "volume") return null;
  const { frame, view } = drawn;
  const size = { width: frame.full_width, height: frame.full_height };
  const shown: Shown = { viewport, view, size, density: viewport.density / viewport.stretch };
  const box = clips.framed.value ? view.clip_box : null;
  return (
    <>
      {/* The default aspect ratio, as the canvas has: a resized viewport shows both whole and in the middle. */}
      <svg class="crosshair volume-marks" viewBox={`0 0 ${size.width} ${size.height}`}>
        {box && <Edges {...shown} box={box} />}
        <Pivot {...shown} />
        {box && <Grips {...shown} box={box} />}
      </svg>
      {clips.framed.value && (view.clip_box || view.clip_planes?.length) && <DepthScrubber viewport={viewport} />}
    </>
  );
}
