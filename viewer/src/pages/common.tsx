/** Small parts that every page uses. */

import { signal, type Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { ApiError } from "../api/client";
import type { StudyRow } from "../api/messages";
import { age, personName } from "../reading/patient";
import { choose, language, sentence, words } from "../words/words";

function matching(condition: string): Signal<boolean> {
  const query = matchMedia(condition);
  const matches = signal(query.matches);
  // Safari 14 has no addEventListener here before 14.0's last update; addListener is in every browser.
  query.addListener(() => (matches.value = query.matches));
  return matches;
}

const SMALL = "(max-width: 760px), (max-height: 500px)";
/** A phone, or a window as small as one: room for one viewport at a time. */
export const small = matching(SMALL);
/** The tools stand below the picture: a phone, and a tablet held upright. styles/reading.css asks the same. */
export const narrow = matching(`${SMALL}, (max-width: 1000px) and (pointer: coarse)`);

export const codeOf = (error: unknown): string => (error instanceof ApiError ? error.code : "unknown");

export const patientName = (row: StudyRow): string => personName(row.patient_name) || words.value.unnamed;

/** Sex and age as far as they are known. */
export function sexAge(row: StudyRow): string {
  const w = words.value;
  const known = age(row.age);
  return [row.sex && (w.sexes[row.sex] ?? w.sexes["?"]), known ? `${known.number}${w.ages[known.unit]}` : row.age]
    .filter(Boolean)
    .join(" · ");
}

export function LanguageSwitch() {
  const other = language.value === "zh" ? "en" : "zh";
  return (
    <button
      class="quiet"
      lang={other}
      data-testid="language"
      title={words.value.language}
      onClick={() => void choose(other)}
    >
      {other === "zh" ? "中文" : "English"}
    </button>
  );
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
      <circle cx="16" cy="16" r="9" fill="none" stroke="currentColor" stroke-width="2.4" />
      <path d="M16 3v6M16 23v6M3 16h6M23 16h6" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" />
      <circle cx="16" cy="16" r="2.6" fill="currentColor" />
    </svg>
  );
}

/** A sentence about what went wrong. */
export function Sorry({ code }: { code: string | null }) {
  return (
    <p class="sorry" role="alert" data-testid="problem" data-code={code ?? ""}>
      {code ? sentence(code) : ""}
    </p>
  );
}

interface FieldProps {
  label: string;
  name: string;
  type?: "text" | "password";
  autocomplete: string;
  value: string;
  oninput(value: string): void;
  children?: ComponentChildren;
}

export function Field({ label, name, type = "text", autocomplete, value, oninput }: FieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        name={name}
        type={type as "password"} // JSX types want a literal; a text field is one all the same
        autocomplete={autocomplete}
        autocapitalize="none"
        spellcheck={false}
        required
        value={value}
        data-testid={name}
        onInput={(event) => oninput(event.currentTarget.value)}
      />
    </label>
  );
}
