/** What keys, mouse and fingers do. Fetched when it is first opened. */

import { COMMANDS } from "../../input/keys";
import { keysOf, written, type Action } from "../../reading/key_table";
import { desk } from "../../session";
import { words } from "../../words/words";
import { actionName } from "./action_names";
import { SheetFrame } from "./sheet_frame";

function Gestures({ title, list }: { title: string; list: string[][] }) {
  return (
    <section class="panel">
      <h2>{title}</h2>
      <dl class="help-list">
        {list.map(([gesture, does]) => (
          <div key={gesture}>
            <dt>{gesture}</dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Keys({ group }: { group: keyof typeof COMMANDS }) {
  const w = words.value;
  const used = (COMMANDS[group] as readonly Action[]).filter((action) => keysOf(action).length > 0);
  if (used.length === 0) return null;
  return (
    <section class="panel">
      <h2>{w.keys.groups[group]}</h2>
      <dl class="help-list">
        {used.map((action) => (
          <div key={action}>
            <dt>
              {keysOf(action).map((key) => (
                <kbd key={key}>{written(key)}</kbd>
              ))}
            </dt>
            <dd>{actionName(action, w)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function HelpSheet() {
  const w = words.value;
  return (
    <SheetFrame title={w.help} testid="help">
      <div class="help-columns">
        {(Object.keys(COMMANDS) as (keyof typeof COMMANDS)[]).map((group) => (
          <Keys key={group} group={group} />
        ))}
        <Gestures title={w.gestures.mouse_title} list={w.gestures.mouse} />
        <Gestures title={w.gestures.touch_title} list={w.gestures.touch} />
      </div>
      <div class="sheet-foot">
        <span class="faint">{w.keys.changeable}</span>
        <button class="quiet" data-testid="change-keys" onClick={() => (desk.sheet.value = "settings")}>
          {w.settings.title}
        </button>
      </div>
    </SheetFrame>
  );
}
