/** How the house is: its processes, disk, database and renderer. Every state has a shape and a word, not only a colour. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { fetchSystem } from "../api/client";
import type { DiskInfo, ProcessInfo, SystemInfo } from "../api/messages";
import { toList } from "../session";
import { systemWords } from "../words/system";
import { words } from "../words/words";
import { bytes, duration, share } from "../words/amounts";
import { codeOf, LanguageSwitch, Sorry } from "./common";
import { Icon } from "./icons";
import "../styles/system.css";

const REFRESH_MS = 3000;

const system = signal<SystemInfo | null>(null);
const problem = signal<string | null>(null);

type Level = "good" | "busy" | "bad";
const LEVELS: Record<string, Level> = { running: "good", starting: "busy", restarting: "busy", ok: "good", low: "busy" };
const levelOf = (state: string): Level => LEVELS[state] ?? "bad";

/** Somebody has to look at it, unless what is missing is only on its way. */
function levelOfAll({ ok, database, disk, processes }: SystemInfo): Level {
  if (ok) return "good";
  const onTheirWay = processes.every(({ state }) => levelOf(state) !== "bad") && database && disk.state !== "full";
  return onTheirWay && processes.some(({ state }) => levelOf(state) === "busy") ? "busy" : "bad";
}

/** A filled circle, an open one, a triangle: told apart without any colour. */
function Sign({ level }: { level: Level }) {
  const path = { good: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2z", busy: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z", bad: "M8 2 15 14H1z" };
  return (
    <svg class={`sign ${level}`} viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <path d={path[level]} />
    </svg>
  );
}

function State({ level, children }: { level: Level; children: string }) {
  return (
    <span class={`state ${level}`}>
      <Sign level={level} />
      {children}
    </span>
  );
}

const seconds = (from: string, to: string): number => Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);

function Process({ process, now }: { process: ProcessInfo; now: string }) {
  const w = systemWords.value;
  const { state, restarts } = process;
  const since = seconds(process.since, now);
  const next = Math.ceil(process.wait_s - since);
  return (
    <li class="process" data-testid={`process-${process.name}`} data-state={state}>
      <State level={levelOf(state)}>{w.states[state as keyof typeof w.states] ?? state}</State>
      <div>
        <b>{w.processes[process.name as keyof typeof w.processes] ?? process.name}</b>
        <span class="faint">
          {state === "waiting" && next > 0 ? w.next_start(next) : w.since(duration(since))}
          {restarts > 0 && ` · ${w.restarts(restarts)}`}
        </span>
        {process.last_exit && (
          <span class="last">
            {w.last_exit(process.last_exit)}
            {process.reason && <q>{process.reason}</q>}
          </span>
        )}
        {process.last_exit && <code>{process.log}</code>}
      </div>
    </li>
  );
}

function Bar({ part, mark, level }: { part: number; mark?: number; level: Level }) {
  return (
    <div class={`bar ${level}`} aria-hidden="true">
      <span style={{ width: share(part) }} />
      {mark !== undefined && <i style={{ left: share(mark) }} />}
    </div>
  );
}

function Disk({ disk }: { disk: DiskInfo }) {
  const w = systemWords.value;
  return (
    <section data-testid="disk" data-state={disk.state}>
      <h2>{w.disk}</h2>
      <State level={levelOf(disk.state)}>{w.disk_states[disk.state as keyof typeof w.disk_states] ?? disk.state}</State>
      <Bar
        part={1 - disk.free_bytes / disk.total_bytes}
        mark={1 - disk.reserve_bytes / disk.total_bytes}
        level={levelOf(disk.state)}
      />
      <dl>
        <dt>{w.free}</dt>
        <dd>{w.of(bytes(disk.free_bytes), bytes(disk.total_bytes))}</dd>
        <dt>{w.reserve}</dt>
        <dd>{bytes(disk.reserve_bytes)}</dd>
        <dt>{w.volume_files}</dt>
        <dd>{bytes(disk.volumes_bytes)}</dd>
        <dt>{w.folder}</dt>
        <dd class="path">{disk.folder}</dd>
      </dl>
    </section>
  );
}

function Renderer({ house: { renderer, kernels, processes } }: { house: SystemInfo }) {
  const w = systemWords.value;
  const starts = processes.some(({ name, state }) => name === "renderd" && levelOf(state) === "busy");
  const level = renderer ? "good" : starts ? "busy" : "bad";
  return (
    <section data-testid="renderer">
      <h2>{w.renderer}</h2>
      <State level={level}>{{ good: w.answers, busy: w.prepares, bad: w.silent }[level]}</State>
      {renderer && <Bar part={renderer.volumes_bytes / renderer.budget_bytes} level="good" />}
      <dl>
        {renderer && (
          <>
            <dt>{w.memory}</dt>
            <dd>{w.of(bytes(renderer.volumes_bytes), bytes(renderer.budget_bytes))}</dd>
            <dt>{w.volumes}</dt>
            <dd>{renderer.volumes}</dd>
            <dt>{w.viewers}</dt>
            <dd>{renderer.viewers}</dd>
          </>
        )}
        <dt>{w.kernels}</dt>
        <dd>{kernels}</dd>
      </dl>
    </section>
  );
}

function House({ house }: { house: SystemInfo }) {
  const w = systemWords.value;
  return (
    <section>
      <h2>{w.house}</h2>
      <State level={house.database ? "good" : "bad"}>
        {house.database ? w.database_answers(house.database) : w.database_silent}
      </State>
      <dl>
        <dt>{w.version}</dt>
        <dd>{house.version || "–"}</dd>
        <dt>DICOM</dt>
        <dd>{`${house.ae_title} : ${house.dicom_port}`}</dd>
        <dt>{w.as_of}</dt>
        <dd>
          <time dateTime={house.now}>{new Date(house.now).toLocaleTimeString(systemWords.value.locale)}</time>
        </dd>
      </dl>
    </section>
  );
}

async function load(): Promise<void> {
  try {
    system.value = await fetchSystem();
    problem.value = null;
  } catch (error) {
    problem.value = codeOf(error); // what was there stays, under the sentence that says so
  }
}

export function SystemPage() {
  const w = words.value;
  useEffect(() => {
    void load();
    const timer = setInterval(() => !document.hidden && void load(), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  const house = system.value;
  const level = house ? levelOfAll(house) : "busy";
  return (
    <main class="system" data-testid="system-page">
      <header class="list-head">
        <button class="quiet" data-testid="back" aria-label={w.back} title={w.back} onClick={toList}>
          <Icon name="back" />
        </button>
        <h1>{systemWords.value.title}</h1>
        <span class="push">
          {house && !problem.value && (
            <State level={level}>{systemWords.value.all[level]}</State>
          )}
        </span>
        <LanguageSwitch />
      </header>
      {problem.value && <Sorry code={problem.value} />}
      {house ? (
        <div class={problem.value ? "system-body old" : "system-body"}>
          <section class="processes">
            <h2>{systemWords.value.processes_title}</h2>
            <ul>
              {house.processes.map((process) => (
                <Process key={process.name} process={process} now={house.now} />
              ))}
            </ul>
          </section>
          <Disk disk={house.disk} />
          <Renderer house={house} />
          <House house={house} />
        </div>
      ) : (
        !problem.value && <p class="empty">{w.loading_page}</p>
      )}
    </main>
  );
}
