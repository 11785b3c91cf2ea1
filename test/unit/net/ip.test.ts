import assert from "node:assert/strict";
import { isIP } from "node:net";
import { describe, test } from "node:test";
import { canonicalIp, CidrSet, formatIp, isIp, isLoopback, parseCidr, parseIp } from "../../../src/net/mod.ts";

describe("canonicalIp()", () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["192.0.2.1", "192.0.2.1"],
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:0201", "192.0.2.1"],
    ["::", "::"],
    ["::1", "::1"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["1::", "1::"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["256.0.0.1", undefined],
    ["1.2.3", undefined],
    ["1.2.3.4.5", undefined],
    ["01.2.3.4", undefined],
    ["1..2.3", undefined],
    ["1.2.3.4 ", undefined],
    ["", undefined],
    [":", undefined],
    [":::", undefined],
    ["1::2::3", undefined],
    ["1:2:3:4:5:6:7", undefined],
    ["1:2:3:4:5:6:7:8:9", undefined],
    ["1:2:3:4:5:6:7:8::", undefined],
    ["12345::", undefined],
    ["1:2:", undefined],
    ["g::", undefined],
    ["fe80::1%eth0", undefined],
    ["[::1]", undefined],
    ["::1.2.3", undefined],
    ["1:2:3:4:5:6:7:1.2.3.4", undefined],
  ];
  for (const [text, expected] of rows) {
    test(`"${text}" is ${expected}`, () => assert.equal(canonicalIp(text), expected));
  }

  test("agrees with node about random texts, and reads back what it writes", () => {
    const alphabet = "0123:.af";
    let seed = 7;
    const random = (n: number): number => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
    for (let i = 0; i < 20000; i++) {
      let text = "";
      const length = 2 + random(14);
      for (let j = 0; j < length; j++) text += alphabet[random(alphabet.length)];
      assert.equal(isIp(text), isIP(text) !== 0, text);
      const words = parseIp(text);
      if (words !== undefined) assert.deepEqual(parseIp(formatIp(words)), words, text);
    }
  });
});

describe("parseCidr()", () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["192.0.2.77/24", "192.0.2.0/120"],
    ["192.0.2.77", "192.0.2.77/128"],
    ["0.0.0.0/0", "0.0.0.0/96"],
    ["2001:db8::5/32", "2001:db8::/32"],
    ["::/0", "::/0"],
    ["::ffff:10.0.0.0/104", "10.0.0.0/104"],
    ["192.0.2.0/33", undefined],
    ["::/129", undefined],
    ["192.0.2.0/", undefined],
    ["192.0.2.0/-1", undefined],
    ["192.0.2.0/8/8", undefined],
    ["example", undefined],
  ];
  for (const [text, expected] of rows) {
    test(`"${text}" is ${expected}`, () => {
      const cidr = parseCidr(text);
      assert.equal(cidr && `${formatIp(cidr.base)}/${cidr.prefix}`, expected);
    });
  }
});

describe("CidrSet", () => {
  const set = CidrSet.of(["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1", "2001:db8::/32", "nonsense"]);
  const rows: readonly (readonly [string, boolean])[] = [
    ["10.0.0.0", true],
    ["10.255.255.255", true],
    ["11.0.0.0", false],
    ["9.255.255.255", false],
    ["192.0.2.1", true],
    ["192.0.2.2", false],
    ["::ffff:10.3.4.5", true],
    ["2001:db8:ffff::", true],
    ["2001:db9::", false],
    ["nonsense", false],
  ];
  for (const [address, expected] of rows) {
    test(`has("${address}") is ${expected}`, () => assert.equal(set.has(address), expected));
  }

  test("merges ranges that overlap", () => assert.equal(set.size, 3));
  test("all of IPv4 leaves IPv6 out", () => {
    const v4 = CidrSet.of(["0.0.0.0/0"]);
    assert.equal(v4.has("203.0.113.9"), true);
    assert.equal(v4.has("2001:db8::1"), false);
  });
  test("an empty set has nothing", () => assert.equal(new CidrSet([]).has("10.0.0.1"), false));
});

test("isLoopback() knows 127.0.0.0/8 and ::1, mapped as well", () => {
  for (const text of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) {
    assert.equal(isLoopback(parseIp(text)!), true, text);
  }
  for (const text of ["128.0.0.1", "::2", "::"]) assert.equal(isLoopback(parseIp(text)!), false, text);
});
