import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { rawPixels, sha256 } from "../../src/stream/digest";

const truth = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

test("the empty message and 'abc' have the digests of FIPS 180-4", () => {
  expect(hex(sha256(new Uint8Array()))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(hex(sha256(Buffer.from("abc")))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test.each([1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 1000, 262_144])("%i bytes agree with Node's own", (n) => {
  const data = Uint8Array.from({ length: n }, (_, i) => (i * 131 + (i >> 3)) & 255);
  expect(hex(sha256(data))).toBe(truth(data));
});

test("grey pixels are the red bytes, and a grey picture must be grey", () => {
  expect(rawPixels(Uint8ClampedArray.of(7, 7, 7, 255, 9, 9, 9, 255), false)).toEqual(Uint8Array.of(7, 9));
  expect(rawPixels(Uint8ClampedArray.of(7, 7, 7, 255, 9, 8, 9, 255), false)).toBeNull();
});

test("colour pixels are interleaved without alpha", () => {
  expect(rawPixels(Uint8ClampedArray.of(1, 2, 3, 255, 4, 5, 6, 255), true)).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6));
});
