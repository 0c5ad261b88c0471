/** The menu of a viewport: a sheet under the thumb on a phone, a list beside the pointer on a desk. */

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { menuOf, type MenuItem } from "../../reading/menu";
import { desk } from "../../session";
import { menuWords } from "../../words/menu";
import { words } from "../../words/words";
import { narrow } from "../common";
import { closeSheet, SheetFrame } from "./sheet_frame";

function Item({ item, role }: { item: MenuItem; role: "menuitem" | undefined }) {
  const take = (): void => {
    closeSheet();
    item.run();
  };
  return (
    <li>
      <button
        role={role}
        class={item.on ? "on" : ""}
        aria-pressed={role ? undefined : item.on}
        data-testid={`menu-${item.id}`}
        onClick={take}
      >
        <span class="tick" aria-hidden="true">
          {item.on ? "✓" : ""}
        </span>
        {item.label(words.value)}
      </button>
    </li>
  );
}

function Groups({ groups, role }: { groups: MenuItem[][]; role?: "menuitem" }) {
  return (
    <>
      {groups.map((group) => (
        <ul key={group[0]!.id} class={group[0]!.id.startsWith("window-") ? "windows" : ""}>
          {group.map((item) => (
            <Item key={item.id} item={item} role={role} />
          ))}
        </ul>
      ))}
    </>
  );
}

/** ↑ and ↓ walk through the items. */
function walk(event: KeyboardEvent, list: HTMLElement): void {
  const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape") closeSheet();
  if (way) {
    const items = [...list.querySelectorAll("button")];
    const at = items.indexOf(document.activeElement as HTMLButtonElement);
    items[(at + way + items.length) % items.length]?.focus();
    event.preventDefault();
  }
  event.stopPropagation();
}

function Popover({ groups, page: [x, y] }: { groups: MenuItem[][]; page: [number, number] }) {
  const box = useRef<HTMLDivElement>(null);
  // Beside the pointer, but whole on the page.
  useLayoutEffect(() => {
    const { offsetWidth: width, offsetHeight: height, style } = box.current!;
    style.left = `${Math.max(4, Math.min(x, innerWidth - width - 4))}px`;
    style.top = `${Math.max(4, Math.min(y, innerHeight - height - 4))}px`;
  }, [x, y]);
  useEffect(() => box.current!.focus(), []);
  return (
    <>
      <div class="scrim clear" onPointerDown={closeSheet} onContextMenu={(event) => event.preventDefault()} />
      <div
        class="menu popover"
        role="menu"
        aria-label={menuWords.value.actions}
        tabIndex={-1}
        ref={box}
        data-testid="menu"
        onKeyDown={(event) => walk(event, event.currentTarget)}
        onContextMenu={(event) => event.preventDefault()}
      >
        <Groups groups={groups} role="menuitem" />
      </div>
    </>
  );
}

export function ContextMenu() {
  const asked = desk.menu.value;
  if (!asked) return null;
  const groups = menuOf(desk, desk.viewports[asked.role], asked.at);
  if (!narrow.value) return <Popover groups={groups} page={asked.page} />;
  return (
    <SheetFrame title={words.value.roles[asked.role]} testid="menu">
      <div class="menu">
        <Groups groups={groups} />
      </div>
    </SheetFrame>
  );
}
