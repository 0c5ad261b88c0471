/** The reading page: a list of its parts. */

import { useEffect, useLayoutEffect } from "preact/hooks";
import { pressed, taken } from "../input/keys";
import { perform, REPEATS } from "../reading/commands";
import { keyTable } from "../reading/key_table";
import * as moves from "../reading/moves";
import { connection, desk, showStudy } from "../session";
import { fetchProblems, sentence, words } from "../words/words";
import { Back } from "../reading/back";
import { narrow, small } from "./common";
import { later } from "./later";
import { PhoneBar, PlaneTabs } from "./reading/phone_bar";
import { StoredStudy } from "./reading/notes";
import { Pane } from "./reading/pane";
import { phaseText } from "./reading/phase_text";
import { SidePanel } from "./reading/side_panel";
import { Sheets } from "./reading/sheets";
import { SeriesStrip } from "./reading/series_strip";
import { ToolBar } from "./reading/tool_bar";
import { TopBar } from "./reading/top_bar";

const Toast = later(() => import("./reading/toast").then((part) => part.Toast));
const CurveDock = later(() => import("./reading/curve_dock").then((part) => part.CurveDock));
const PenBar = later(() => import("./reading/pen_bar").then((part) => part.PenBar));
const AlongDock = later(() => import("./reading/along_dock").then((part) => part.AlongDock));
const Player = later(() => import("./reading/player").then((part) => part.Player));

function keyDown(event: KeyboardEvent): void {
  if (taken(event.target, event)) return;
  const pen = desk.pen.peek();
  const control = event.target instanceof Element && event.target.closest("button,[role=slider]");
  if (pen && !control && (event.key === "Enter" || event.key === "Backspace")) {
    event.preventDefault();
    return void (event.key === "Enter" ? pen.finish() : pen.back());
  }
  const meant = pressed(event, keyTable.peek());
  if (!meant) return;
  const sheet = desk.sheet.peek();
  // Under an open dialogue nothing moves; a phone's tools are none.
  if (sheet && sheet !== "more" && !("command" in meant && meant.command === "cancel")) return;
  event.preventDefault();
  if (event.repeat && !("command" in meant && REPEATS.has(meant.command))) return;
  perform(desk, meant);
}

/** Let the browser's back close what lies on top while this study is open. */
function keepBack(): () => void {
  const back = new Back(desk, history);
  const { hash } = location;
  const came = (event: PopStateEvent): void => {
    if (location.hash === hash) back.came(event.state);
  };
  const stop = back.watch();
  addEventListener("popstate", came);
  return () => {
    stop();
    removeEventListener("popstate", came);
  };
}

/** A button that was clicked gives the keyboard back to the picture; one reached by Tab keeps it. */
function release(event: MouseEvent): void {
  if (event.detail > 0) (event.target as Element).closest("button")?.blur();
}

function Notice() {
  const code = desk.notice.value ?? connection.trouble.value?.code;
  const dismiss = (): void => {
    desk.notice.value = connection.trouble.value = null;
  };
  // The status is always there: what appears together with its text may not be read out.
  return (
    <div role="status">
      {code && (
        <div class="notice" data-testid="notice" data-code={code}>
          <span>{sentence(code)}</span>
          <button class="quiet" aria-label={words.value.close} onClick={dismiss}>
            ✕
          </button>
        </div>
      )}
    </div>
  );
}

/** What is shown now, for those who hear it: the image after a key, the phase, the layout. */
function Spoken() {
  const w = words.value;
  const [stack, view] = [desk.stack.value, desk.activeViewport.value.view.value];
  const at = moves.position(desk, desk.activeViewport.value.drawn.value?.view ?? view);
  const image = at && !desk.cine.playing.value ? w.image_of(Math.round(at.index) + 1, at.count) : "";
  const phase = stack?.phase ? phaseText(stack.phase, w) : "";
  return (
    <p class="unseen" aria-live="polite" data-testid="spoken">
      {[desk.layout.value === "mpr" ? w.roles[desk.active.value] : "", phase, image].filter(Boolean).join(", ")}
    </p>
  );
}

export function ReadingPage({ id }: { id: number }) {
  useLayoutEffect(() => void showStudy(id), [id]);
  useEffect(() => {
    const rest = (): void => desk.rest();
    addEventListener("keydown", keyDown);
    addEventListener("keyup", rest);
    addEventListener("blur", rest);
    const hide = (): void => desk.cine.stop();
    document.addEventListener("visibilitychange", hide);
    return () => {
      hide();
      document.removeEventListener("visibilitychange", hide);
      removeEventListener("keydown", keyDown);
      removeEventListener("keyup", rest);
      removeEventListener("blur", rest);
    };
  }, []);
  useLayoutEffect(() => {
    desk.small.value = small.value;
  }, [small.value]);
  useEffect(() => {
    const awake = import("../reading/wake_lock").then(({ stayAwake }) => stayAwake());
    awake.catch(() => undefined); // then the screen may go dark
    void fetchProblems();
    return () => void awake.then((rest) => rest(), () => undefined);
  }, []);
  useEffect(() => keepBack(), [id]);
  const roles = desk.shownRoles.value;
  const phone = narrow.value;
  const mpr = desk.layout.value === "mpr";
  const alone = desk.maximised.value;
  const layoutName = mpr ? (alone ? words.value.roles[alone] : words.value.layout_grid) : undefined;
  return (
    <main class="reading" data-testid="reading-page" data-layout={desk.layout.value} onClick={release}>
      <TopBar />
      {!phone && <ToolBar />}
      <div class="desk">
        {!phone && <SeriesStrip />}
        <div class="stage">
          <PlaneTabs />
          {desk.editing.value && roles.includes("volume") && <CurveDock />}
          <div class={`panes panes-${roles.length}`} id="panes" role={mpr ? "tabpanel" : undefined} aria-label={layoutName}>
            {roles.map((role) => (
              <Pane key={role} role={role} />
            ))}
          </div>
          {desk.along.value && mpr && <AlongDock />}
          {desk.pen.value && <PenBar />}
          {(desk.phases.value.length > 1 || desk.cine.shown.value) && <Player />}
          {connection.state.value === "lost" && (
            <div class="lost" role="alert" data-testid="connection-lost">
              {connection.preparing.value ? words.value.preparing(connection.preparing.value) : words.value.connection_lost}
            </div>
          )}
          <Notice />
          <StoredStudy />
          <Spoken />
          {desk.toast.value && <Toast />}
        </div>
        {!phone && <SidePanel />}
      </div>
      {phone && <PhoneBar />}
      <Sheets />
    </main>
  );
}
