/** What a phone has instead of the tool bar and the panels: tabs above the picture and six tools below it. */

import { GRID } from "../../reading/desk";
import { ALONG } from "../../reading/viewport";
import { desk } from "../../session";
import { words } from "../../words/words";
import { Icon } from "../icons";
import { later } from "../later";
import { LayoutButtons, ToolButtons } from "./tool_bar";

const PresetRow = later(() => import("./preset_row").then((part) => part.PresetRow));

/** Left and right, Home and End go through the tabs and choose, as tabs do. */
function tabKey(event: KeyboardEvent): void {
  const list = event.currentTarget as HTMLElement;
  const tabs = [...list.querySelectorAll<HTMLElement>("[role=tab]")];
  const at = tabs.indexOf(event.target as HTMLElement);
  const ways: Record<string, number> = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: -1 };
  const to = ways[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  const next = tabs[(to + tabs.length) % tabs.length]!;
  next.click();
  next.focus();
}

/** Which viewport of the grid fills the stage; also on a desk, while one is maximised. */
export function PlaneTabs() {
  const w = words.value;
  const alone = desk.maximised.value;
  if (desk.layout.value !== "mpr") return null;
  return (
    <div class="plane-tabs" role="tablist" aria-label={w.layout} onKeyDown={tabKey}>
      <button
        role="tab"
        tabIndex={alone === null ? 0 : -1}
        aria-selected={alone === null}
        aria-controls="panes"
        data-testid="tab-grid"
        onClick={() => (desk.maximised.value = null)}
      >
        {w.layout_grid}
      </button>
      {[...GRID, ...(desk.along.value ? ALONG : [])].map((role) => (
        <button
          key={role}
          role="tab"
          class={`role-${role}`}
          tabIndex={alone === role ? 0 : -1}
          aria-selected={alone === role}
          aria-controls="panes"
          title={w.roles[role]}
          data-testid={`tab-${role}`}
          onClick={() => {
            desk.maximised.value = desk.active.value = role;
          }}
        >
          {w.roles_short[role]}
        </button>
      ))}
    </div>
  );
}

export function PhoneBar() {
  const w = words.value;
  const open = desk.sheet.value === "more";
  return (
    <>
      {desk.layout.value === "mpr" && desk.maximised.value === "volume" && <PresetRow />}
      <div class="phone-bar" role="toolbar" aria-label={w.tools}>
        <ToolButtons />
        <LayoutButtons />
        <button
          class="tool"
          aria-expanded={open}
          data-testid="more"
          onClick={() => (desk.sheet.value = open ? null : "more")}
        >
          <Icon name="more" />
          <span>{w.more}</span>
        </button>
      </div>
    </>
  );
}
