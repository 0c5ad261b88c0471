/** The screen stays on while images are read and the page is seen; where the browser cannot, it does not. */

import { effect } from "@preact/signals";
import { preferences } from "./preferences";

/** Hold the lock until the returned function is called. */
export function stayAwake(page: Document = document, browser: Navigator = navigator): () => void {
  let lock: WakeLockSentinel | null = null;
  let asking = false;
  let wanted = true;

  const follow = async (): Promise<void> => {
    const hold = wanted && preferences.peek().stay_awake && !page.hidden;
    if (!hold) {
      void lock?.release();
      lock = null;
      return;
    }
    if (lock || asking || !("wakeLock" in browser)) return;
    asking = true;
    // Refused while the battery is low or the page is just being hidden: reading goes on, and the next sight asks again.
    lock = await browser.wakeLock.request("screen").catch(() => null);
    asking = false;
    lock?.addEventListener("release", () => (lock = null));
    if (!wanted || page.hidden || !preferences.peek().stay_awake) void follow();
  };

  const see = (): void => void follow();
  page.addEventListener("visibilitychange", see);
  const stop = effect(() => {
    void preferences.value;
    see();
  });
  return () => {
    wanted = false;
    page.removeEventListener("visibilitychange", see);
    stop();
    see();
  };
}
