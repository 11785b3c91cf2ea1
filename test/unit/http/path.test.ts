import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodePath, hasDotSegment, normalizePath } from "../../../src/http/mod.ts";

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
      ['/"<>\\^`{|}', "/%22%3C%3E%5C%5E%60%7B%7C%7D"],
      ["/!$'()*,-._~[]", "/!$'()*,-._~[]"],
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

describe("hasDotSegment()", () => {
  for (
    const path of [
      "/../admin",
      "/..",
      "/a/./b",
      "/.",
      "../a",
      "/%2e%2e/admin",
      "/.%2E/admin",
      "/..%2fadmin",
      "/%252e%252e%252fadmin",
      "/%25252e%25252e/admin",
      "/..\\admin",
      "/a\\..\\b",
      "/..%5cadmin",
      "/..;/admin",
      "/a/..;x=1/b",
      `/%${"25".repeat(9)}2e`,
    ]
  ) {
    it(`finds one in ${path}`, () => assert.equal(hasDotSegment(path), true));
  }
  for (
    const path of [
      "/",
      "/a/b",
      "/a..b",
      "/..a",
      "/a../b",
      "/.well-known/x",
      "/...",
      "/100%",
      "/a%20b",
      "/%zz..",
      "/;..",
    ]
  ) {
    it(`finds none in ${path}`, () => assert.equal(hasDotSegment(path), false));
  }
});

/** Percent-decoded, one char a byte. */
function decodeBytes(text: string): string {
  return text.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
