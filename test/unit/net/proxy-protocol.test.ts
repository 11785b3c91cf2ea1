import assert from "node:assert/strict";
import { test } from "node:test";
import { parseProxyHeader } from "../../../src/net/proxy-protocol.ts";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const V2 = "0d0a0d0a000d0a515549540a";

const whole: [name: string, bytes: Uint8Array, length: number, addresses: unknown][] = [
  ["version 1, IPv4", ascii("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET /"), 47, {
    sourceAddress: "192.168.0.1",
    sourcePort: 56324,
    destinationAddress: "192.168.0.11",
    destinationPort: 443,
  }],
  ["version 1, IPv6", ascii("PROXY TCP6 2001:DB8::1 ::1 1 2\r\n"), 32, {
    sourceAddress: "2001:db8::1",
    sourcePort: 1,
    destinationAddress: "::1",
    destinationPort: 2,
  }],
  ["version 1, an address spelled at length", ascii("PROXY TCP6 2001:0db8:0::1 ::ffff:192.0.2.1 1 2\r\n"), 48, {
    sourceAddress: "2001:db8::1",
    sourcePort: 1,
    destinationAddress: "192.0.2.1",
    destinationPort: 2,
  }],
  ["version 1, UNKNOWN", ascii("PROXY UNKNOWN\r\n"), 15, null],
  ["version 2, IPv4", hex(`${V2} 21 11 000c c0a80701 c0a8000b 0001 20fb ff`), 28, {
    sourceAddress: "192.168.7.1",
    sourcePort: 1,
    destinationAddress: "192.168.0.11",
    destinationPort: 8443,
  }],
  [
    "version 2, IPv6 with a TLV behind",
    hex(`${V2} 21 21 0027 20010db8000000000000000000000001 00000000000000000000ffff7f000001 1f90 01bb 040000`),
    55,
    { sourceAddress: "2001:db8::1", sourcePort: 8080, destinationAddress: "127.0.0.1", destinationPort: 443 },
  ],
  ["version 2, LOCAL", hex(`${V2} 20 00 0000`), 16, null],
  ["version 2, UNIX addresses", hex(`${V2} 21 31 0002 0000`), 18, null],
];

for (const [name, bytes, length, addresses] of whole) {
  test(`parseProxyHeader() reads ${name}`, () => {
    assert.deepEqual(parseProxyHeader(bytes), { kind: "header", bytes: length, addresses });
  });
  test(`parseProxyHeader() waits for the rest of ${name}, wherever it is cut`, () => {
    for (let i = 0; i < length; i++) assert.equal(parseProxyHeader(bytes.subarray(0, i)).kind, "incomplete", `at ${i}`);
  });
}

for (
  const [name, bytes] of [
    ["an HTTP request", ascii("GET / HTTP/1.1\r\n")],
    ["another word with P", ascii("POST / HTTP/1.1\r\n")],
    ["a port over 65535", ascii("PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n")],
    ["an IPv4 address with five parts", ascii("PROXY TCP4 1.2.3.4.5 1.2.3.4 1 1\r\n")],
    ["an address with leading zeros", ascii("PROXY TCP4 1.2.3.04 1.2.3.4 1 1\r\n")],
    ["an IPv6 address under TCP4", ascii("PROXY TCP4 ::1 ::1 1 1\r\n")],
    ["a bare line feed", ascii("PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n")],
    ["a line without an end", ascii(`PROXY ${"x".repeat(200)}`)],
    ["version 3", hex(`${V2} 31 11 0000`)],
    ["addresses that do not fit", hex(`${V2} 21 11 0004 00000000`)],
    ["a length over the limit", hex(`${V2} 21 11 ffff 00000000`)],
  ] as [string, Uint8Array][]
) {
  test(`parseProxyHeader() refuses ${name}`, () => {
    assert.equal(parseProxyHeader(bytes).kind, "invalid");
  });
}
