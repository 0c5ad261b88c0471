/** A word about what has just been done, with what can be done about it. It goes by itself. */

import { useEffect } from "preact/hooks";
import { desk } from "../../session";
import { words } from "../../words/words";

const STAYS_MS = 6000;

export function Toast() {
  const w = words.value;
  const toast = desk.toast.value;
  useEffect(() => {
    if (!toast) return undefined;
    const timer = setTimeout(() => {
      desk.toast.value = null;
    }, STAYS_MS);
    return () => clearTimeout(timer);
  }, [toast]);
  if (!toast) return null;
  const { offer } = toast;
  const take = (): void => {
    desk.toast.value = null;
    offer?.run();
  };
  return (
    <div class="toast" role="status" data-testid="toast">
      <span>{toast.say(w)}</span>
      {offer && (
        <button data-testid="toast-offer" onClick={take}>
          {offer.label(w)}
        </button>
      )}
    </div>
  );
}
