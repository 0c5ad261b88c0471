/** Hashes drawn pixels beside the page, so that a still never makes a finger wait. */

import { rawPixels, sha256 } from "./digest";

interface Question {
  n: number;
  rgba: ArrayBuffer;
  colour: boolean;
}

addEventListener("message", async (event: MessageEvent<Question>) => {
  const { n, rgba, colour } = event.data;
  const raw = rawPixels(new Uint8ClampedArray(rgba), colour);
  const own = (globalThis as { crypto?: Crypto }).crypto?.subtle; // there only in a secure context
  const digest = raw && (own ? new Uint8Array(await own.digest("SHA-256", raw as BufferSource)) : sha256(raw));
  postMessage({ n, digest });
});
