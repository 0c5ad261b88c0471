/** What a reader can set, in sections; each section is a component of its own. Fetched when it is first opened. */

import { prefer, preferences, type Preferences } from "../../reading/preferences";
import { desk } from "../../session";
import { helpWords } from "../../words/help";
import { words } from "../../words/words";
import { KeysSection } from "./keys_section";
import { SheetFrame } from "./sheet_frame";

type Switches = { [K in keyof Preferences]: Preferences[K] extends boolean ? K : never }[keyof Preferences];
type Hands = "three_fingers" | "both_buttons";

function Switch({ name }: { name: Switches }) {
  return (
    <label class="setting">
      <span>{helpWords.value.settings[name]}</span>
      <input
        type="checkbox"
        role="switch"
        class="switch"
        checked={preferences.value[name]}
        data-testid={`setting-${name}`}
        onChange={(event) => prefer({ [name]: event.currentTarget.checked })}
      />
    </label>
  );
}

function Choice({ name }: { name: Hands }) {
  const w = words.value;
  return (
    <div class="setting" role="group" aria-label={helpWords.value.settings[name]}>
      <span>{helpWords.value.settings[name]}</span>
      <div class="segments">
        {(["window", "scroll"] as const).map((hand) => (
          <button
            key={hand}
            aria-pressed={preferences.value[name] === hand}
            data-testid={`setting-${name}-${hand}`}
            onClick={() => prefer({ [name]: hand })}
          >
            {w.tool[hand]}
          </button>
        ))}
      </div>
    </div>
  );
}

function TouchSection() {
  return (
    <section class="panel">
      <h2>{helpWords.value.settings.touch}</h2>
      <Choice name="three_fingers" />
      <Switch name="twist" />
      <Switch name="two_finger_undo" />
      <Switch name="haptics" />
      <Switch name="stay_awake" />
    </section>
  );
}

function MouseSection() {
  return (
    <section class="panel">
      <h2>{helpWords.value.settings.mouse}</h2>
      <Choice name="both_buttons" />
    </section>
  );
}

export function SettingsSheet() {
  return (
    <SheetFrame title={words.value.settings.title} testid="settings">
      <button class="quiet" data-testid="help-button" onClick={() => (desk.sheet.value = "help")}>
        {words.value.help}
      </button>
      <TouchSection />
      <MouseSection />
      <KeysSection />
    </SheetFrame>
  );
}
