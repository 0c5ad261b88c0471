/** Reading one frame: header, the digest of a final frame, and the encoded picture. */

import { DIGEST_BYTES, Flag, HEADER_BYTES } from "./messages";

export interface Frame {
  codec: number;
  final: boolean;
  interpolated: boolean;
  colour: boolean;
  /** An overlay or a shutter covers some pixels. */
  covered: boolean;
  viewport: number;
  level: number;
  sequence: number;
  input: number;
  width: number;
  height: number;
  full_width: number;
  full_height: number;
  render_ms: number;
  encode_ms: number;
  digest: Uint8Array | null;
  picture: Uint8Array;
}

/** Messages whose first byte is below 0x10 are frames; msgpack maps start at 0x80. */
export const isFrame = (message: ArrayBuffer): boolean =>
  message.byteLength > 0 && new Uint8Array(message, 0, 1)[0]! < 0x10;

/** Parse a frame; null when it is of a kind or version that this page does not know. */
export function parseFrame(message: ArrayBuffer): Frame | null {
  if (message.byteLength < HEADER_BYTES) return null;
  const header = new DataView(message);
  if (header.getUint8(0) !== 1 || header.getUint8(1) !== 1) return null;
  const flags = header.getUint8(3);
  const final = (flags & Flag.FINAL) !== 0;
  const start = HEADER_BYTES + (final ? DIGEST_BYTES : 0);
  if (message.byteLength <= start) return null;
  return {
    codec: header.getUint8(2),
    final,
    interpolated: (flags & Flag.INTERPOLATED) !== 0,
    colour: (flags & Flag.COLOUR) !== 0,
    covered: (flags & Flag.DRAWN) !== 0,
    viewport: header.getUint16(4, true),
    level: header.getUint16(6, true),
    sequence: header.getUint32(8, true),
    input: header.getUint32(12, true),
    width: header.getUint16(16, true),
    height: header.getUint16(18, true),
    full_width: header.getUint16(20, true),
    full_height: header.getUint16(22, true),
    render_ms: header.getUint32(24, true) / 1000,
    encode_ms: header.getUint32(28, true) / 1000,
    digest: final ? new Uint8Array(message, HEADER_BYTES, DIGEST_BYTES) : null,
    picture: new Uint8Array(message, start),
  };
}
