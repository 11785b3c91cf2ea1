import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodePath, normalizePath } from "../../../src/http/mod.ts";

const NORMAL: readonly (readonly [raw: string, path: string | undefined])[] = [
  ["/", "/"],
  ["/a/b.c", "/a/b.c"],
  ["/a/", "/a/"],
  ["//", "/"],
  ["/a//b///c", "/a/b/c"],
  ["/a/./b", "/a/b"],
  ["/a/.", "/a/"],
  ["/a/..", "/"],
  ["/a/../", "/"],
  ["/a/b/../c", "/a/c"],
  ["/a/b/..", "/a/"],
  ["/.a", "/.a"],
  ["/..a", "/..a"],
  ["/a..", "/a.."],
  ["/...", "/..."],
  ["/%61%2f%62", "/a/b"],
  ["/a%2f%2fb", "/a/b"],
  ["/a/%2e%2e/b", "/b"],
  ["/a%20b", "/a b"],
  ["/a+b", "/a+b"],
  ["/%25", "/%"],
  ["/%2520", "/%20"],
  ["/%3Fa", "/?a"],
  ["/%23", "/#"],
  ["/k%C3%A4se", "/käse"],
  ["/k\xc3\xa4se", "/käse"],
  ["/%F0%9F%8D%80", "/🍀"],
  ["/%FF", "/\udcff"],
  ["/%C3", "/\udcc3"],
  ["/%C0%AF", "/\udcc0\udcaf"],
  ["/%ED%A0%80", "/\udced\udca0\udc80"],
  ["/%E2%82", "/\udce2\udc82"],
  ["", undefined],
  ["a", undefined],
  ["*", undefined],
  ["/..", undefined],
  ["/../a", undefined],
  ["/a/../..", undefined],
  ["/a/%2e%2e/%2e%2e/b", undefined],
  ["/%", undefined],
  ["/%a", undefined],
  ["/%ag", undefined],
  ["/%00", undefined],
];

describe("normalizePath()", () => {
  for (const [raw, path] of NORMAL) {
    it(`makes ${JSON.stringify(path)} of ${JSON.stringify(raw)}`, () => assert.equal(normalizePath(raw), path));
  }

  it("takes time in proportion to the length", () => {
    const long = "/a/..".repeat(200_000);
    assert.equal(normalizePath(long), "/");
    assert.equal(normalizePath(`/${"a.".repeat(200_000)}?`), `/${"a.".repeat(200_000)}?`);
  });
});

describe("encodePath()", () => {
  for (
    const [path, encoded] of [
      ["/a/b", "/a/b"],
      ["/a b", "/a%20b"],
      ["/a%b?c#d", "/a%25b%3Fc%23d"],
      ["/käse", "/k%C3%A4se"],
      ["/🍀", "/%F0%9F%8D%80"],
      ["/\udcff", "/%FF"],
      ["/\x01\x7f", "/%01%7F"],
      ["/a+b&c=d;e:@", "/a+b&c=d;e:@"],
    ] as const
  ) {
    it(`makes ${encoded} of ${JSON.stringify(path)}`, () => assert.equal(encodePath(path), encoded));
  }

  it("gives back every byte that was escaped", () => {
    for (let byte = 1; byte < 256; byte++) {
      if (byte === 0x2e || byte === 0x2f) continue;
      const raw = `/a%${byte.toString(16).padStart(2, "0").toUpperCase()}`;
      const encoded = encodePath(normalizePath(raw)!);
      assert.equal(decodeBytes(encoded), decodeBytes(raw), raw);
    }
  });
});

/** Percent-decoded, one char a byte. */
function decodeBytes(text: string): string {
  return text.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
