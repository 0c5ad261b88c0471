/** The numbers of the active viewport: image, window, slab, volume rendering. On a phone the same parts are a sheet. */

import * as looks from "../../reading/looks";
import * as moves from "../../reading/moves";
import { hint } from "../../reading/key_table";
import { hasWindow, lookOf, sameLook, windowChoices, windowNumber } from "../../reading/windows";
import { desk } from "../../session";
import { words } from "../../words/words";
import { later } from "../later";
import { NotesPanel, StoredPanel } from "./notes";
import { NumberField } from "./number_field";

const ProcessingPanel = later(() => import("./processing_panel").then((part) => part.ProcessingPanel));
const Panels = later(() => import("./volume_panels").then((part) => part.Panels));

export function ImagePanel() {
  const w = words.value;
  const viewport = desk.activeViewport.value;
  // On a slow line, and while it is cut, the view is ahead of the picture.
  const at = moves.isAlong(viewport) ? null : moves.position(desk, viewport.drawn.value?.view ?? viewport.view.value);
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
  const view = desk.activeViewport.value.view.value;
  const [series, stack] = [desk.series.value, desk.stack.value];
  if (!view || !hasWindow(view) || !series || !stack || stack.colour) return null;
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
          oncommit={(n) => n > 0 && looks.setWindow(desk, [centre, n], false)}
        />
        <NumberField
          label={w.window_centre}
          value={windowNumber(centre)}
          testid="window-centre"
          oncommit={(n) => looks.setWindow(desk, [n, width], false)}
        />
      </div>
      <ul class="presets">
        {choices.map(({ id, name, window, lut }) => {
          // Only a stack has a VOI LUT: elsewhere the window that stands for it is on.
          const on = sameLook({ window, lut: view.kind === "stack" ? lut : null }, lookOf(view));
          return (
            <li key={id}>
              <button
                aria-pressed={on}
                data-testid={`window-${id}`}
                onClick={() => looks.setWindow(desk, window, false, lut)}
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

/** What only a plane or a volume rendering has: on a desk and in a phone's sheet. */
export function VolumePanels() {
  const kind = desk.activeViewport.value.view.value?.kind;
  return kind && kind !== "stack" ? <Panels /> : null;
}

/** What can be done to the pictures; nothing of it is fetched before there is one. */
export function Processing() {
  return desk.activeViewport.value.drawn.value || desk.processing.value ? <ProcessingPanel /> : null;
}

export function SidePanel() {
  return (
    <aside class="side-panel">
      <ImagePanel />
      <Processing />
      <VolumePanels />
      <WindowPanel />
      <NotesPanel />
      <StoredPanel />
    </aside>
  );
}
