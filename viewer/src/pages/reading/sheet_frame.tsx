/** A sheet over the page: from below on a phone, in the middle of a desk. Its name stands in `desk.sheet`. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { desk } from "../../session";
import { words } from "../../words/words";

interface Props {
  title: string;
  testid: string;
  children: ComponentChildren;
}

export const closeSheet = (): void => {
  desk.sheet.value = null;
};

/** Tab goes round within the sheet: what lies under it cannot be reached by the mouse either. */
function keepFocus(event: KeyboardEvent): void {
  if (event.key !== "Tab") return;
  const sheet = event.currentTarget as HTMLElement;
  const stops = [...sheet.querySelectorAll<HTMLElement>("button,input,summary,a[href],[tabindex='0']")].filter(
    (element) => element.tabIndex >= 0 && element.getClientRects().length > 0 && !element.hasAttribute("disabled"),
  );
  const [first, last] = [stops[0], stops[stops.length - 1]];
  if (!first || !last) return;
  const at = document.activeElement;
  const leaves = event.shiftKey ? at === first || at === sheet : at === last;
  if (!leaves) return;
  event.preventDefault();
  (event.shiftKey ? last : first).focus();
}

export function SheetFrame({ title, testid, children }: Props) {
  const sheet = useRef<HTMLDivElement>(null);
  const pressed = useRef(false); // the finger whose long press opened this may still lift itself over the scrim
  // Before the next key: an effect after painting would take for `before` where a quick Tab has already gone.
  useLayoutEffect(() => {
    const before = document.activeElement;
    sheet.current?.focus();
    return () => (before instanceof HTMLElement ? before.focus() : undefined); // back to what opened it
  }, []);
  return (
    <>
      <div
        class="scrim"
        data-testid="scrim"
        onPointerDown={() => (pressed.current = true)}
        onClick={() => pressed.current && closeSheet()}
      />
      <div
        class="sheet dialog"
        role="dialog"
        aria-modal
        aria-label={title}
        tabIndex={-1}
        ref={sheet}
        data-testid={testid}
        onKeyDown={keepFocus}
      >
        <div class="sheet-head">
          <h1>{title}</h1>
          <button class="tool" aria-label={words.value.close} data-testid="close-sheet" onClick={closeSheet}>
            ✕
          </button>
        </div>
        {children}
      </div>
    </>
  );
}
