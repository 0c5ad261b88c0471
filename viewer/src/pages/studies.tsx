/** The study list: a table on a desk, cards on a phone. */

import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { findStudies } from "../api/client";
import type { StudyRow } from "../api/messages";
import { goTo, me, signOut, toPassword, toSystem } from "../session";
import { words } from "../words/words";
import { codeOf, LanguageSwitch, Mark, narrow, patientName, sexAge, Sorry } from "./common";

const PAGE = 50;
const TYPING_MS = 200;
const RETRY_MS = 2000;
const AWAY = new Set(["database_unavailable", "network", "server_error"]);

// Kept while the page lives, so that going back from a study finds the list as it was left; gone with the person.
const query = signal("");
const offset = signal(0);
const rows = signal<StudyRow[] | null>(null);
const total = signal(0);
const problem = signal<string | null>(null);
const chosen = signal(0);

effect(() => {
  if (me.value) return;
  query.value = "";
  offset.value = chosen.value = 0;
  rows.value = null;
});

let newest: AbortController | null = null;

async function load(): Promise<void> {
  newest?.abort();
  const mine = (newest = new AbortController());
  try {
    const found = await findStudies(query.peek(), offset.peek(), PAGE, mine.signal);
    if (mine.signal.aborted) return;
    rows.value = found.studies;
    total.value = found.total;
    problem.value = null;
    chosen.value = Math.min(chosen.peek(), Math.max(0, found.studies.length - 1));
  } catch (error) {
    if (mine.signal.aborted) return;
    problem.value = codeOf(error);
    // A database or a line that is away comes back by itself, and so does the list.
    if (AWAY.has(problem.value)) setTimeout(() => mine === newest && !mine.signal.aborted && void load(), RETRY_MS);
  }
}

const describe = (row: StudyRow): string => [row.body_part, row.description].filter(Boolean).join(" · ");
const open = (row: StudyRow | undefined): void => row && goTo(row);

function Modalities({ row }: { row: StudyRow }) {
  return (
    <>
      {row.modalities.map((modality) => (
        <span key={modality} class="chip">
          {modality}
        </span>
      ))}
    </>
  );
}

function Table({ found }: { found: StudyRow[] }) {
  const w = words.value;
  const heads = [w.patient, w.patient_id, w.sex_age, w.modality, w.study, w.date, w.images, w.institution];
  return (
    <table class="studies">
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {found.map((row, i) => (
          <tr
            key={row.id}
            class={i === chosen.value ? "chosen" : ""}
            data-testid="study-row"
            data-study={row.id}
            onClick={() => open(row)}
            onFocusIn={() => (chosen.value = i)}
          >
            <td class="strong">
              <button
                class="row-button"
                tabIndex={i === chosen.value ? 0 : -1}
                aria-label={w.open_study(patientName(row))}
              >
                {patientName(row)}
              </button>
            </td>
            <td class="mono">{row.patient_id}</td>
            <td>{sexAge(row)}</td>
            <td>
              <Modalities row={row} />
            </td>
            <td>{describe(row)}</td>
            <td class="mono">{`${row.date} ${row.time}`.trim()}</td>
            <td class="mono">{w.counted(row.images, row.series)}</td>
            <td>{row.institution}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Cards({ found }: { found: StudyRow[] }) {
  return (
    <ul class="cards">
      {found.map((row) => (
        <li key={row.id}>
          <button
            class="study-card"
            data-testid="study-row"
            data-study={row.id}
            onClick={() => open(row)}
          >
            <span class="line">
              <b>{patientName(row)}</b>
              <span class="push">
                <Modalities row={row} />
              </span>
            </span>
            <span class="line">
              <span class="mono">{row.patient_id}</span>
              <span>{sexAge(row)}</span>
              <span class="push faint">{row.institution}</span>
            </span>
            <span class="line">{describe(row) || row.accession}</span>
            <span class="line faint">
              <span class="mono">{`${row.date} ${row.time}`.trim()}</span>
              <span class="push">{words.value.counted(row.images, row.series)}</span>
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Pages() {
  const w = words.value;
  const [from, to] = [offset.value + 1, offset.value + (rows.value?.length ?? 0)];
  const turn = (way: number): void => {
    offset.value = Math.max(0, offset.value + way * PAGE);
    chosen.value = 0;
    void load();
  };
  return (
    <nav class="pages">
      <span class="mono">{total.value ? w.range(from, to, total.value) : ""}</span>
      <button
        aria-label={w.previous_page}
        title={w.previous_page}
        disabled={offset.value === 0}
        onClick={() => turn(-1)}
      >
        ‹
      </button>
      <button aria-label={w.next_page} title={w.next_page} disabled={to >= total.value} onClick={() => turn(1)}>
        ›
      </button>
    </nav>
  );
}

/** ↑ and ↓ choose a study, Enter opens it. */
function keyDown(event: KeyboardEvent, list: HTMLElement): void {
  const found = rows.value ?? [];
  const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const row = (event.target as Element).closest("[data-testid=study-row]");
  if (way && found.length) {
    event.preventDefault();
    if (row) chosen.value = Math.min(found.length - 1, Math.max(0, chosen.value + way));
    const next = list.querySelectorAll<HTMLElement>("[data-testid=study-row]")[chosen.value];
    (next?.querySelector<HTMLElement>(".row-button") ?? next)?.focus();
  } else if (event.key === "Enter" && !(event.target as Element).closest("button")) {
    open(found[chosen.value]);
  }
}

export function StudiesPage() {
  const w = words.value;
  const list = useRef<HTMLDivElement>(null);
  const timer = useRef(0);
  useEffect(() => {
    const keys = (event: KeyboardEvent): void => keyDown(event, list.current!);
    addEventListener("keydown", keys); // on the window: at first nothing has the focus
    void load();
    return () => {
      removeEventListener("keydown", keys);
      newest?.abort();
    };
  }, []);

  const type = (text: string): void => {
    query.value = text;
    offset.value = chosen.value = 0;
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => void load(), TYPING_MS);
  };
  const found = rows.value;
  return (
    <main class="list-page" data-testid="studies-page">
      <header class="list-head">
        <Mark />
        <h1>{w.studies}</h1>
        <input
          class="search"
          type="search"
          data-testid="search"
          aria-label={w.search}
          placeholder={w.search_hint}
          value={query.value}
          onInput={(event) => type(event.currentTarget.value)}
        />
        <button class="quiet person" title={w.change_password} data-testid="account" onClick={toPassword}>
          {me.value?.login}
        </button>
        {me.value?.permissions.includes("system.read") && (
          <button class="quiet" data-testid="system" onClick={toSystem}>
            {w.system}
          </button>
        )}
        <LanguageSwitch />
        <button class="quiet" data-testid="sign-out" onClick={() => void signOut()}>
          {w.sign_out}
        </button>
      </header>
      {problem.value && <Sorry code={problem.value} />}
      <div class="list-body" ref={list}>
        {found && found.length > 0 && (narrow.value ? <Cards found={found} /> : <Table found={found} />)}
        {found && found.length === 0 && <p class="empty">{query.value ? w.no_match : w.no_studies}</p>}
        {!found && !problem.value && <p class="empty">{w.loading_page}</p>}
      </div>
      <Pages />
    </main>
  );
}
