/** What stands in the corners. It belongs to the picture that is drawn, not to the one that is asked for. */

import type { FramePlace, SeriesInfo, StackInfo, StudyRow } from "../../api/messages";
import { depthOf, millimetresPerPixel, normal } from "../../geometry/camera";
import { isClipped } from "../../geometry/clipped";
import { isOblique, step, toIndex, type Plane } from "../../geometry/grid";
import { holeAt } from "../../geometry/places";
import { length } from "../../geometry/vectors";
import { position } from "../../reading/moves";
import { pixelSize, placeOf } from "../../reading/opening";
import { quality } from "../../reading/quality";
import type { Viewport } from "../../reading/viewport";
import { hasWindow, windowNumber } from "../../reading/windows";
import { connection, desk } from "../../session";
import type { Drawn } from "../../stream/screen";
import type { PlaneView, StackView, View, VolumeView } from "../../stream/messages";
import { words } from "../../words/words";
import { patientName, sexAge } from "../common";
import { later } from "../later";
import { Letters } from "./letters";
import { NoteChips } from "./notes";
import { phaseText } from "./phase_text";
import { slabText } from "./slab_text";

const millimetres = (value: number): string => `${Number(value.toFixed(2))} mm`;

function Patient({ row }: { row: StudyRow }) {
  return (
    <>
      <b class="may-hide">{patientName(row)}</b>
      <span>{row.patient_id}</span>
      <span class="may-hide">{sexAge(row)}</span>
    </>
  );
}

function Study({ row, series }: { row: StudyRow; series: SeriesInfo }) {
  return (
    <>
      <span>{[series.modality, series.body_part || row.body_part].filter(Boolean).join(" · ")}</span>
      <span class="may-hide">{row.description}</span>
      <span class="may-hide">{series.description}</span>
      <span>{`${row.date} ${row.time}`.trim()}</span>
      {row.accession && <span class="may-hide">{row.accession}</span>}
    </>
  );
}

/** Screen pixels per image pixel, in percent: at 100 % an image pixel is a device pixel. */
function zoomPercent(viewport: Viewport, { frame, view }: { frame: Drawn; view: View }, stack: StackInfo): number {
  const size = { width: frame.full_width, height: frame.full_height };
  const own = view.kind === "stack" ? pixelSize(stack)[0] : length(step(stack.volume!, 0));
  return Math.round((own / millimetresPerPixel(view, size)) * viewport.stretch * 100);
}

/** Where a frame lies along its own normal, so that stack and planes agree; else what its header calls its location. */
function locationOf(place: FramePlace | null): number | null {
  if (!place?.position || !place.row || !place.column) return place?.location_mm ?? null;
  return depthOf(place.position, normal({ right: place.row, down: place.column }));
}

function StackLines({ view, stack }: { view: StackView; stack: StackInfo }) {
  const w = words.value;
  const place = placeOf(stack, view.frame);
  const number = place?.instance_number;
  const location = locationOf(place);
  return (
    <>
      <span data-testid="image-position">
        {w.image_of(view.frame + 1, stack.frames.length)}
        {number != null && number !== view.frame + 1 && <span class="may-hide">{` (${w.instance} ${number})`}</span>}
      </span>
      {location !== null && <span class="may-hide">{`${w.location} ${millimetres(location)}`}</span>}
      {place?.thickness_mm != null && (
        <span class="may-hide">{`${w.thickness} ${millimetres(place.thickness_mm)}`}</span>
      )}
    </>
  );
}

/** Whether a plane, or the crosshair in it, stands where images are missing: then there is nothing to read. */
function between(view: PlaneView, { volume }: StackInfo): boolean {
  const point = (desk.linked.value && desk.cross.value) || view.centre;
  return volume !== null && holeAt(volume, toIndex(volume, point)[2]) !== null;
}

function PlaneLines({ view, stack }: { view: PlaneView; stack: StackInfo }) {
  const w = words.value;
  const at = position(desk, view)!;
  const depth = depthOf(view.centre, normal(view));
  return (
    <>
      <span data-testid="image-position">{w.image_of(Math.round(at.index) + 1, at.count)}</span>
      {between(view, stack) && (
        <span class="between" data-testid="between">
          {w.notes.between}
        </span>
      )}
      <span class="may-hide">{`${w.location} ${millimetres(depth)}`}</span>
      <span data-testid="slab-text">{slabText(view)}</span>
    </>
  );
}

const ProcessedLines = later(() => import("./processed_lines").then((part) => part.ProcessedLines));
const RenderingLine = later(() => import("./rendering_line").then((part) => part.RenderingLine));

function VolumeLines({ view, stack }: { view: VolumeView; stack: StackInfo }) {
  const w = words.value;
  return (
    <>
      <RenderingLine view={view} unit={stack.unit} />
      {view.perspective && !view.projection && <span data-testid="perspective-text">{`${w.perspective} ${view.perspective}°`}</span>}
      {stack.volume && isClipped(stack.volume, view) && <span data-testid="clipped">{w.clipped}</span>}
    </>
  );
}

/** The window, or which VOI LUT of the header stands in its place. */
function windowText(view: View, stack: StackInfo): string {
  if (view.kind === "stack" && view.lut != null) {
    const { lut } = view;
    const name = stack.windows.find((choice) => choice.lut === lut)?.explanation;
    return `VOI LUT ${name || lut + 1}`;
  }
  const [centre, width] = view.window;
  return `W ${windowNumber(width)} L ${windowNumber(centre)}${stack.unit && ` ${stack.unit}`}`;
}

function Badge({ viewport, stack }: { viewport: Viewport; stack: StackInfo }) {
  const w = words.value;
  const drawn = viewport.drawn.value!;
  const { tone, words: said } = quality(drawn.frame, drawn.view, viewport.oneToOne);
  // Nothing is lost on the way from a lossy image either; but it must not look as if nothing had been lost at all.
  const lossy = drawn.view.kind === "stack" ? placeOf(stack, drawn.view.frame)?.lossy : stack.lossy;
  const text = said.map((word) => (word !== "LOSSLESS ✓" ? w[word] : lossy ? w.sent_lossless : word));
  if (lossy) text.push(w.lossy_stored(lossy));
  const behind = connection.state.value === "lost" && viewport.view.value !== drawn.view;
  const shown = tone === "good" && (lossy || behind) ? "plain" : tone;
  return (
    <span class={`badge badge-${shown}`} data-testid="quality" data-tone={shown}>
      {text.join(" · ")}
    </span>
  );
}

/**
 * How much room for words there is; a low pane is as poor as a narrow one. In a tiny one, and where a reader wants to
 * see the picture alone, only what must stand there does: ID, window, a lossy image's mark, zoom and scale.
 */
export function roomOf(viewport: Viewport): "tiny" | "small" | "medium" | "wide" {
  const density = devicePixelRatio || 1;
  const [width, height] = [viewport.size.value.width / density, viewport.size.value.height / density];
  if (width < 360 || height < 220) return "tiny";
  return width < 420 ? "small" : width < 640 ? "medium" : "wide";
}

/** What the picture is; a plane that lies otherwise than its name says so. */
function Role({ viewport, view, stack }: { viewport: Viewport; view: View; stack: StackInfo }) {
  const w = words.value;
  const { role } = viewport;
  const flat = view.kind === "plane" && role !== "section";
  const oblique = flat && stack.volume && isOblique(stack.volume, role as Plane, view);
  return (
    <span class={`role role-${role}`} data-testid="role">
      {view.kind === "volume" && view.projection ? w.projections_short[view.projection] : w.roles_short[role]}
      {oblique && ` · ${w.oblique}`}
    </span>
  );
}

export function CornerTexts({ viewport }: { viewport: Viewport }) {
  const w = words.value;
  const drawn = viewport.drawn.value;
  const [row, series] = [desk.row.value, desk.series.value];
  const stack = drawn && desk.stackOf(drawn.view);
  if (!drawn || !row || !series || !stack) return null;
  const { view } = drawn;
  const spacing = stack.spacing ? stack.spacing_source : "none";
  return (
    <div class={`corners corners-${desk.texts.value ? roomOf(viewport) : "tiny"}`} data-testid={`corners-${viewport.role}`}>
      <div class="corner top left">
        {view.kind !== "stack" && <Role viewport={viewport} view={view} stack={stack} />}
        <Patient row={row} />
        <NoteChips stack={stack} role={viewport.role} />
      </div>
      <div class="corner top right">
        <Study row={row} series={series} />
      </div>
      <div class="foot">
        <Letters viewport={viewport} at={["bottom"]} />
        <div class="corner bottom left">
          {stack.phase && <span data-testid="phase-corner">{phaseText(stack.phase, w)}</span>}
          {view.kind === "stack" && <StackLines view={view} stack={stack} />}
          {view.kind === "plane" && viewport.role !== "section" && <PlaneLines view={view} stack={stack} />}
          {view.kind === "volume" && <VolumeLines view={view} stack={stack} />}
          {desk.processing.value && <ProcessedLines viewport={viewport} view={view} />}
          {view.kind !== "volume" && <span>{`${w.zoom} ${zoomPercent(viewport, drawn, stack)} %`}</span>}
          {view.kind === "stack" && (
            <span class={spacing === "imager" ? "said" : "may-hide"}>{w.spacing[spacing] ?? spacing}</span>
          )}
        </div>
        <div class="corner bottom right">
          {hasWindow(view) && !stack.colour && (
            <span data-testid="window-text">
              {windowText(view, stack)}
              {view.invert && ` · ${w.invert}`}
            </span>
          )}
          <Badge viewport={viewport} stack={stack} />
        </div>
      </div>
    </div>
  );
}
