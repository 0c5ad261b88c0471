/** The sheet that is open, if any. Only the one that is asked for is fetched: the first image waits for none of them. */

import type { FunctionComponent } from "preact";
import type { SheetName } from "../../reading/desk";
import { desk } from "../../session";
import { narrow } from "../common";
import { later } from "../later";

const part = (fetch: () => Promise<FunctionComponent>): FunctionComponent =>
  later(() =>
    fetch().catch((error: unknown) => {
      // The line is cut, or the server has another version by now: say so and stay usable.
      desk.sheet.value = null;
      desk.notice.value = "network";
      throw error;
    }),
  );

const PARTS: Record<SheetName, FunctionComponent> = {
  more: part(() => import("./more_sheet").then((all) => all.MoreSheet)),
  settings: part(() => import("./settings_sheet").then((all) => all.SettingsSheet)),
  menu: part(() => import("./context_menu").then((all) => all.ContextMenu)),
  help: part(() => import("./help_sheet").then((all) => all.HelpSheet)),
};

export function Sheets() {
  const name = desk.sheet.value;
  if (!name || (name === "more" && !narrow.value)) return null; // a desk has those tools on the page
  const Part = PARTS[name];
  return <Part />;
}
