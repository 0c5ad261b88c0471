/** Whose images these are, and the way back. */

import { connection, desk, goTo, me, signOut } from "../../session";
import { words } from "../../words/words";
import { LanguageSwitch, narrow, patientName, sexAge } from "../common";
import { Icon } from "../icons";

export function TopBar() {
  const w = words.value;
  const row = desk.row.value;
  return (
    <header class="top-bar">
      <button class="tool" aria-label={w.back} title={w.back} data-testid="back" onClick={() => goTo(null)}>
        <Icon name="back" />
      </button>
      {row && (
        <div class="patient-strip" data-testid="patient-strip">
          <h1>{patientName(row)}</h1>
          <span>{sexAge(row)}</span>
          <span class="mono">{row.patient_id}</span>
          <span class="wide-only">{`${row.date} ${row.time}`.trim()}</span>
          <span class="wide-only">{row.description}</span>
          <span class="wide-only faint">{row.institution}</span>
        </div>
      )}
      <span class="push" />
      <span class={`line-state line-${connection.state.value}`} data-testid="line-state" aria-hidden="true" />
      {!narrow.value && <span class="person">{me.value?.login}</span>}
      {!narrow.value && <LanguageSwitch />}
      {!narrow.value && (
        <button class="quiet" data-testid="settings-button" onClick={() => (desk.sheet.value = "settings")}>
          {w.settings.title}
        </button>
      )}
      {!narrow.value && (
        <button class="quiet" onClick={() => void signOut()}>
          {w.sign_out}
        </button>
      )}
    </header>
  );
}
