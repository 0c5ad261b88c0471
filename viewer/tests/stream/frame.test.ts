import { expect, test } from "vitest";
import { isFrame, parseFrame } from "../../src/stream/frame";

// Written by renderd.protocol.pack_frame with
// Header(1, 1, 2, 1 | 4, 7, 3, 70000, 80000, 640, 480, 1280, 960, 12345, 2500), 32 × 0xAB, b"picture".
const HEX = "010102050700030070110100803801008002e0010005c00339300000c4090000" + "ab".repeat(32) + "70696374757265";

const bytes = (text: string): ArrayBuffer => Uint8Array.from(text.match(/../g)!, (byte) => parseInt(byte, 16)).buffer;

test("a final frame of the server is read field by field", () => {
  expect(parseFrame(bytes(HEX))).toMatchObject({
    codec: 2,
    final: true,
    interpolated: false,
    colour: true,
    viewport: 7,
    level: 3,
    sequence: 70000,
    input: 80000,
    width: 640,
    height: 480,
    full_width: 1280,
    full_height: 960,
    render_ms: 12.345,
    encode_ms: 2.5,
    digest: new Uint8Array(32).fill(0xab),
    picture: new TextEncoder().encode("picture"),
  });
});

test("without the final flag the picture follows the header", () => {
  const moving = new Uint8Array(bytes(HEX));
  moving[3] = 8;
  const frame = parseFrame(moving.buffer)!;
  expect(frame.digest).toBeNull();
  expect(frame.picture.length).toBe(32 + 7);
});

test("an unknown version, a torn header and an empty picture are no frames", () => {
  const other = new Uint8Array(bytes(HEX));
  other[1] = 2;
  expect(parseFrame(other.buffer)).toBeNull();
  expect(parseFrame(bytes(HEX).slice(0, 20))).toBeNull();
  expect(parseFrame(bytes(HEX).slice(0, 64))).toBeNull();
});

test("msgpack maps are not frames", () => {
  expect(isFrame(Uint8Array.of(0x82, 1).buffer)).toBe(false);
  expect(isFrame(Uint8Array.of(0x01, 1).buffer)).toBe(true);
  expect(isFrame(new ArrayBuffer(0))).toBe(false);
});
