/** A phone's other tools, its series and its numbers. Fetched when it is first opened. */

import { desk, signOut } from "../../session";
import { words } from "../../words/words";
import { LanguageSwitch } from "../common";
import { NotesPanel, StoredPanel } from "./notes";
import { SeriesStrip } from "./series_strip";
import { ImagePanel, Processing, VolumePanels, WindowPanel } from "./side_panel";
import { CineButton, TurnButtons } from "./tool_bar";

export function MoreSheet() {
  const w = words.value;
  return (
    <div class="sheet" role="dialog" aria-label={w.more} data-testid="sheet">
      <div class="sheet-head">
        <h1>{w.more}</h1>
        <button class="tool" aria-label={w.close} data-testid="close-sheet" onClick={() => (desk.sheet.value = null)}>
          ✕
        </button>
      </div>
      <div class="tool-group turns">
        <CineButton />
        <TurnButtons />
      </div>
      <SeriesStrip />
      <ImagePanel />
      <Processing />
      <VolumePanels />
      <WindowPanel />
      <NotesPanel />
      <StoredPanel />
      <div class="sheet-foot">
        <LanguageSwitch />
        <button class="quiet" data-testid="help-button" onClick={() => (desk.sheet.value = "help")}>
          {w.help}
        </button>
        <button class="quiet" data-testid="settings-button" onClick={() => (desk.sheet.value = "settings")}>
          {w.settings.title}
        </button>
        <button class="quiet" onClick={() => void signOut()}>
          {w.sign_out}
        </button>
      </div>
    </div>
  );
}
