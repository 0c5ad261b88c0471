/** An encoded picture to something a canvas can draw. */

import { Codec } from "./messages";

export interface Picture {
  image: CanvasImageSource;
  free(): void;
}

const TYPES: Record<number, string> = { [Codec.JPEG]: "image/jpeg", [Codec.PNG]: "image/png" };

/** Decode beside the page where the browser can; Safari before 15 has no createImageBitmap. */
export async function decodePicture(codec: number, bytes: Uint8Array): Promise<Picture> {
  const blob = new Blob([bytes as BlobPart], { type: TYPES[codec] ?? "" });
  if (typeof createImageBitmap === "function") {
    const image = await createImageBitmap(blob);
    return { image, free: () => image.close() };
  }
  const address = URL.createObjectURL(blob);
  const image = new Image();
  image.src = address;
  await image.decode();
  return { image, free: () => URL.revokeObjectURL(address) };
}
