/** Which key does what, by one's own choice: press to assign, be told of conflicts, put back, take along as a file. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { COMMANDS, keyName } from "../../input/keys";
import * as table from "../../reading/key_table";
import { helpWords } from "../../words/help";
import { words } from "../../words/words";
import { actionName } from "./action_names";

/** The action that waits for its key, and the key that was pressed though it has a meaning already. */
const waiting = signal<table.Action | null>(null);
const conflict = signal<{ key: string; action: table.Action } | null>(null);
const told = signal<string | null>(null);

// A browser keeps these for itself, whatever a page says: closing, opening and going through its tabs, reloading.
// Copying, pasting, cutting, marking and Enter are needed as they are, by texts and buttons.
const BROWSERS = /^Ctrl\+(Shift\+)?[TWNRQ]$|^Ctrl\+[ACVX]$|^(Ctrl\+)?Enter$|^Ctrl\+(Tab|Page(Up|Down)|\d)$|^F\d+$|^Tab$/;

/** The next key that is pressed anywhere; Escape gives up. */
function listen(event: KeyboardEvent): void {
  const action = waiting.peek();
  const key = keyName(event);
  if (!action || key === null) return;
  event.preventDefault();
  event.stopPropagation();
  waiting.value = null;
  if (key === "Escape") return;
  const h = helpWords.peek();
  if (BROWSERS.test(key)) told.value = h.keys.not_possible(table.written(key));
  else if (table.keyTable.peek()[key] && table.keyTable.peek()[key] !== action) conflict.value = { key, action };
  else table.assign(key, action);
}

function Row({ action }: { action: table.Action }) {
  const [w, h] = [words.value, helpWords.value];
  const name = actionName(action, w);
  const waits = waiting.value === action;
  return (
    <li class="key-row">
      <span>{name}</span>
      <span class="key-list">
        {table.keysOf(action).map((key) => (
          <button
            key={key}
            class="key"
            aria-label={h.keys.remove(table.written(key), name)}
            title={h.keys.remove(table.written(key), name)}
            data-testid={`key-${action}`}
            onClick={() => table.unassign(key)}
          >
            <kbd>{table.written(key)}</kbd> <span aria-hidden="true">×</span>
          </button>
        ))}
        <button
          class={waits ? "key waiting" : "key"}
          aria-label={h.keys.add(name)}
          title={h.keys.add(name)}
          aria-pressed={waits}
          data-testid={`add-key-${action}`}
          onClick={() => {
            conflict.value = told.value = null;
            waiting.value = waits ? null : action;
          }}
        >
          {waits ? "…" : "+"}
        </button>
      </span>
    </li>
  );
}

/** What there is to say: which key is waited for, who has a key, whether a file was taken. */
function Told() {
  const [w, h] = [words.value, helpWords.value];
  const asks = conflict.value;
  const holder = asks && table.keyTable.value[asks.key];
  return (
    <div class="key-told" role="status" data-testid="key-told">
      {waiting.value && <p>{h.keys.waiting(actionName(waiting.value, w))}</p>}
      {asks && holder && (
        <p>
          {h.keys.taken(table.written(asks.key), actionName(holder, w))}{" "}
          <button
            class="quiet"
            data-testid="replace-key"
            onClick={() => {
              table.assign(asks.key, asks.action);
              conflict.value = null;
            }}
          >
            {h.keys.replace}
          </button>
          <button class="quiet" onClick={() => (conflict.value = null)}>
            {w.cancel}
          </button>
        </p>
      )}
      {told.value && <p>{told.value}</p>}
    </div>
  );
}

function save(): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([table.exported()], { type: "application/json" }));
  link.download = "farview-keys.json";
  link.click();
  URL.revokeObjectURL(link.href);
}

async function load(file: File | undefined): Promise<void> {
  if (!file) return;
  const h = helpWords.peek();
  const taken = file.size < 65536 && table.imported(await file.text());
  told.value = taken ? h.keys.imported : h.keys.not_a_table;
}

export function KeysSection() {
  const h = helpWords.value;
  const file = useRef<HTMLInputElement>(null);
  useEffect(() => {
    addEventListener("keydown", listen, true); // before the page's own keys, and before a button takes Space
    return () => {
      removeEventListener("keydown", listen, true);
      waiting.value = conflict.value = told.value = null;
    };
  }, []);
  return (
    <section class="panel" data-testid="keys-section">
      <h2>{h.keys.title}</h2>
      <Told />
      {(Object.keys(COMMANDS) as (keyof typeof COMMANDS)[]).map((group) => (
        <details key={group} open={group === "tools"} data-testid={`keys-${group}`}>
          <summary>{h.keys.groups[group]}</summary>
          <ul>
            {(COMMANDS[group] as readonly table.Action[]).map((action) => (
              <Row key={action} action={action} />
            ))}
          </ul>
        </details>
      ))}
      <div class="key-files">
        <button class="quiet" data-testid="export-keys" onClick={save}>
          {h.keys.export}
        </button>
        <button class="quiet" data-testid="import-keys" onClick={() => file.current?.click()}>
          {h.keys.import}
        </button>
        <button class="quiet" data-testid="reset-keys" onClick={() => {
            table.resetKeys();
            conflict.value = told.value = null;
          }}>
          {h.keys.reset}
        </button>
        <input
          class="unseen"
          type="file"
          accept="application/json,.json"
          tabIndex={-1}
          aria-hidden="true"
          ref={file}
          data-testid="keys-file"
          onChange={(event) => {
            void load(event.currentTarget.files?.[0]);
            event.currentTarget.value = "";
          }}
        />
      </div>
    </section>
  );
}
