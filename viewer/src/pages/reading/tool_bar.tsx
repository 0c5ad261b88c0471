/** The desk's tools: what the left button does, turning, and the layout. */

import { choose, pressMpr } from "../../reading/commands";
import type { Tool } from "../../reading/desk";
import { toolOf } from "../../reading/hands";
import * as crosses from "../../reading/crosses";
import * as looks from "../../reading/looks";
import * as moves from "../../reading/moves";
import * as turns from "../../reading/turns";
import { hint } from "../../reading/key_table";
import { openMpr, openStackLayout } from "../../reading/opening";
import { hasWindow } from "../../reading/windows";
import { desk } from "../../session";
import type { View } from "../../stream/messages";
import { sentence, words } from "../../words/words";
import { Icon, type IconName } from "../icons";
import { narrow } from "../common";

interface ButtonProps {
  icon: IconName;
  label: string;
  shown?: string;
  key_?: string;
  pressed?: boolean;
  /** Why a press will only explain: a key of the dictionary's problems. */
  refusal?: string | null;
  testid: string;
  onclick(): void;
}

export function ToolButton({ icon, label, shown, key_, pressed, refusal, testid, onclick }: ButtonProps) {
  const title = refusal ? sentence(refusal) : key_ ? `${label} (${key_})` : label;
  return (
    <button
      class={refusal ? "tool dim" : "tool"}
      // Who speaks to the page says what stands on the button.
      aria-label={shown && !label.split(/[ +/]+/).includes(shown) ? `${shown} ${label}` : label}
      title={title}
      aria-pressed={pressed}
      data-testid={testid}
      onClick={onclick}
    >
      <Icon name={icon} />
      {shown && <span>{shown}</span>}
    </button>
  );
}

/** What a hand can be given to do, by what is looked at. A phone has room for two: pinching zooms and pans anyway. */
const TOOLS: Record<View["kind"], { desk: Tool[]; phone: Tool[] }> = {
  stack: { desk: ["window", "pan", "zoom", "scroll"], phone: ["scroll", "window"] },
  plane: { desk: ["window", "pan", "zoom", "scroll", "cross"], phone: ["cross", "window"] },
  curved: { desk: ["window", "pan", "zoom", "scroll"], phone: ["scroll", "window"] },
  volume: { desk: ["window", "pan", "zoom"], phone: ["window"] },
};

/** Buttons for the tools; the pressed one is what the left button or one finger does in the active viewport now. */
export function ToolButtons() {
  const w = words.value;
  const phone = narrow.value;
  const view = desk.activeViewport.value.view.value;
  const kind = view?.kind ?? "stack";
  const opacity = view && !hasWindow(view);
  const now = desk.pen.value?.drags ? null : toolOf(desk.tool.value, kind, phone ? "touch" : "mouse");
  const tools = TOOLS[kind][phone ? "phone" : "desk"];
  return (
    <>
      {kind === "volume" && (
        <ToolButton
          icon="turn"
          label={w.turn}
          shown={w.turn}
          pressed={now === "turn"}
          testid="tool-turn"
          onclick={() => choose(desk, null)}
        />
      )}
      {tools.map((tool) => (
        <ToolButton
          key={tool}
          icon={tool}
          label={opacity && tool === "window" ? w.opacity_shift : w.tool[tool]}
          shown={opacity && tool === "window" ? w.opacity : w.tool_short[tool]}
          key_={tool === "cross" ? "" : hint(`tool_${tool}`)}
          pressed={now === tool}
          testid={`tool-${tool}`}
          onclick={() => choose(desk, tool)}
        />
      ))}
    </>
  );
}

/** Overlays and shutter of the header, where the images have any. */
function CoverButtons() {
  const w = words.value;
  const stack = desk.stack.value;
  const view = desk.viewports.stack.view.value;
  if (!stack || view?.kind !== "stack") return null;
  return (
    <>
      {(["overlays", "shutter"] as const).map(
        (cover) =>
          stack[cover] && (
            <ToolButton
              key={cover}
              icon={cover}
              label={w[cover]}
              key_={hint(cover)}
              pressed={view[cover] !== false}
              testid={cover}
              onclick={() => looks.toggleCover(desk, cover)}
            />
          ),
      )}
    </>
  );
}

/** Turn, flip, invert, fit, reset. */
export function TurnButtons() {
  const w = words.value;
  const viewport = desk.activeViewport.value;
  const view = viewport.view.value;
  const kind = view?.kind;
  const along = moves.isAlong(viewport);
  const turn = (way: "left" | "right") => (
    <ToolButton
      icon={`rotate_${way}`}
      label={w[`rotate_${way}`]}
      key_={hint(`rotate_${way}`)}
      testid={`rotate-${way}`}
      onclick={() => turns.rotate(desk, viewport, way === "left" ? -90 : 90)}
    />
  );
  return (
    <>
      {!along && turn("left")}
      {!along && turn("right")}
      {kind !== "volume" && !along && (
        <>
          <ToolButton
            icon="flip_horizontal"
            label={w.flip_horizontal}
            key_={hint("flip_horizontal")}
            testid="flip-horizontal"
            onclick={() => turns.flip(viewport, "horizontal")}
          />
          <ToolButton
            icon="flip_vertical"
            label={w.flip_vertical}
            key_={hint("flip_vertical")}
            testid="flip-vertical"
            onclick={() => turns.flip(viewport, "vertical")}
          />
        </>
      )}
      {view && hasWindow(view) && (
        <ToolButton icon="invert" label={w.invert} key_={hint("invert")} testid="invert" onclick={() => looks.invert(desk)} />
      )}
      {kind === "stack" && (
        <ToolButton
          icon="original_pixels"
          label={w.original_pixels}
          testid="original-pixels"
          onclick={() => moves.originalPixels(desk, viewport)}
        />
      )}
      {kind === "stack" && <CoverButtons />}
      <ToolButton icon="fit" label={w.fit} key_={hint("fit")} testid="fit" onclick={() => moves.fit(desk, viewport)} />
      <ToolButton icon="reset" label={w.reset} key_={hint("reset")} testid="reset" onclick={() => moves.reset(desk, viewport)} />
    </>
  );
}

/** Stack, MPR, volume rendering; dim where the stack is no volume, and then a press says why. */
export function LayoutButtons() {
  const w = words.value;
  const layout = desk.layout.value;
  const alone = desk.maximised.value;
  const refusal = desk.stack.value?.volume ? null : desk.stack.value?.refusal;
  return (
    <>
      <ToolButton
        icon="stack"
        label={w.layout_stack}
        shown={w.layout_stack}
        pressed={layout === "stack"}
        testid="layout-stack"
        onclick={() => openStackLayout(desk)}
      />
      <ToolButton
        icon="mpr"
        label={w.layout_mpr}
        shown="MPR"
        key_={hint("mpr")}
        refusal={refusal}
        pressed={layout === "mpr" && alone !== "volume"}
        testid="layout-mpr"
        onclick={() => pressMpr(desk, desk.small.value)}
      />
      <ToolButton
        icon="volume"
        label={w.volume_rendering}
        shown="VR"
        key_={hint("volume")}
        refusal={refusal}
        pressed={layout === "mpr" && alone === "volume"}
        testid="layout-volume"
        onclick={() => openMpr(desk, "volume")}
      />
    </>
  );
}

/** Play and stop, where there is more than one image or phase; a sheet gives the picture free. */
export function CineButton() {
  const w = words.value;
  const { choices, playing } = desk.cine;
  if (choices.value.length === 0) return null;
  return (
    <ToolButton
      icon={playing.value ? "stop" : "play"}
      label={playing.value ? w.stop : w.play}
      key_={hint("cine")}
      testid="cine"
      onclick={() => {
        desk.sheet.value = null;
        desk.cine.toggle();
      }}
    />
  );
}

export function ToolBar() {
  const w = words.value;
  const mpr = desk.layout.value === "mpr";
  return (
    <div class="tool-bar" role="toolbar" aria-label={w.tools}>
      <div class="tool-group">
        <ToolButtons />
      </div>
      <div class="tool-group">
        <TurnButtons />
      </div>
      <div class="tool-group">
        <CineButton />
        {mpr && (
          <ToolButton
            icon="link"
            label={w.link}
            key_={hint("link")}
            pressed={desk.linked.value}
            testid="link"
            onclick={() => crosses.toggleLink(desk)}
          />
        )}
      </div>
      <div class="tool-group push">
        <LayoutButtons />
      </div>
    </div>
  );
}
