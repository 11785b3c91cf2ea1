import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { CertificateError, coversName, readKeyPair, splitPem } from "../../../src/net/mod.ts";

const pem = (name: string): string =>
  readFileSync(new URL(`../../fixture/certificate/${name}.pem`, import.meta.url), "utf8");

describe("readKeyPair()", () => {
  test("reads names of RSA certificates in lower case, addresses in canonical spelling", () => {
    const facts = readKeyPair(pem("rsa.crt"), pem("rsa.key"));
    assert.deepEqual(facts.names, ["a.example", "*.wild.example", "127.0.0.1", "2001:db8::1"]);
    assert.match(facts.sha1, /^[0-9a-f]{40}$/);
    assert.ok(facts.notAfterMs > facts.notBeforeMs);
  });
  test("reads ECDSA certificates and chains", () => {
    assert.deepEqual(readKeyPair(pem("ecdsa.crt"), pem("ecdsa.key")).names, ["b.example"]);
    assert.deepEqual(readKeyPair(pem("chain.crt"), pem("chain.key")).names, ["c.example"]);
    assert.equal(splitPem(pem("chain.crt")).length, 2);
  });
  test("takes the CN when there is no SAN", () => {
    assert.deepEqual(readKeyPair(pem("cn-only.crt"), pem("cn-only.key")).names, ["cn.example"]);
  });
  test("reads expired certificates", () => {
    assert.equal(readKeyPair(pem("expired.crt"), pem("chain.key")).notAfterMs, Date.UTC(2021, 0, 1));
  });

  const broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  const rows: readonly (readonly [string, string, string, CertificateError["code"]])[] = [
    ["a key that does not fit", pem("rsa.crt"), pem("ecdsa.key"), "key-mismatch"],
    ["text that is no certificate", "not a certificate", pem("rsa.key"), "no-certificate"],
    ["a certificate that is cut", broken, pem("rsa.key"), "bad-certificate"],
    ["a chain that is cut", pem("rsa.crt") + broken, pem("rsa.key"), "bad-certificate"],
    ["text that is no key", pem("rsa.crt"), "not a key", "bad-key"],
  ];
  for (const [name, certificate, key, code] of rows) {
    test(`refuses ${name}`, () => {
      assert.throws(
        () => readKeyPair(certificate, key),
        (error) => error instanceof CertificateError && error.code === code,
      );
    });
  }
});

describe("coversName()", () => {
  const names = ["a.example", "*.wild.example"];
  const rows: readonly (readonly [string, boolean])[] = [
    ["a.example", true],
    ["x.wild.example", true],
    ["*.wild.example", true],
    ["x.y.wild.example", false],
    ["wild.example", false],
    ["*.example", false],
    ["b.example", false],
    ["example", false],
  ];
  for (const [host, expected] of rows) {
    test(`"${host}" is ${expected}`, () => assert.equal(coversName(names, host), expected));
  }
});
