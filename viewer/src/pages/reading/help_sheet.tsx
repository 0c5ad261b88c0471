/** What keys, mouse and fingers do. Fetched when it is first opened. */

import { COMMANDS } from "../../input/keys";
import { keysOf, written, type Action } from "../../reading/key_table";
import { desk } from "../../session";
import { helpWords } from "../../words/help";
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
  const [w, h] = [words.value, helpWords.value];
  const used = (COMMANDS[group] as readonly Action[]).filter((action) => keysOf(action).length > 0);
  if (used.length === 0) return null;
  return (
    <section class="panel">
      <h2>{h.keys.groups[group]}</h2>
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
  const [w, h] = [words.value, helpWords.value];
  return (
    <SheetFrame title={w.help} testid="help">
      <div class="help-columns">
        {(Object.keys(COMMANDS) as (keyof typeof COMMANDS)[]).map((group) => (
          <Keys key={group} group={group} />
        ))}
        <Gestures title={h.gestures.mouse_title} list={h.gestures.mouse} />
        <Gestures title={h.gestures.touch_title} list={h.gestures.touch} />
      </div>
      <div class="sheet-foot">
        <span class="faint">{h.keys.changeable}</span>
        <button class="quiet" data-testid="change-keys" onClick={() => (desk.sheet.value = "settings")}>
          {w.settings.title}
        </button>
      </div>
    </SheetFrame>
  );
}
