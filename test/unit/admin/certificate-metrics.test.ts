import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { certificateFamilies } from "../../../src/admin/certificate-metrics.ts";
import { type Certificate, DEFAULT_CERTIFICATE, type Snapshot, type VirtualHost } from "../../../src/snapshot/mod.ts";
import { virtualHost } from "../../support/snapshot.ts";

const pem = (name: string): string =>
  readFileSync(new URL(`../../fixture/certificate/${name}.crt.pem`, import.meta.url), "utf8");

function certificate(id: string, name: string): Certificate {
  const certificatePem = pem(name);
  const notAfterMs = Date.parse(new X509Certificate(certificatePem).validTo);
  return { id, certificatePem, privateKeyPem: "", sha1: "", names: [], notAfterMs };
}

function served(name: string, id: string): VirtualHost {
  return { ...virtualHost(name, []), tls: { kind: "terminate", certificate: id, serverNames: [name] } };
}

const SNAPSHOT = {
  virtualHosts: {
    "*.wild.example": served("*.wild.example", "d/rsa"),
    "a.example": served("a.example", "d/rsa"),
    "b.example": served("b.example", "e/ecdsa"),
    "default.example": served("default.example", DEFAULT_CERTIFICATE),
    "plain.example": virtualHost("plain.example", []),
    "gone.example": served("gone.example", "d/gone"),
  },
  certificates: {
    "d/rsa": certificate("d/rsa", "rsa"),
    "e/ecdsa": certificate("e/ecdsa", "ecdsa"),
    [DEFAULT_CERTIFICATE]: certificate(DEFAULT_CERTIFICATE, "chain"),
  },
} as unknown as Snapshot;

describe("certificateFamilies()", () => {
  const [ends, infos] = certificateFamilies(SNAPSHOT, "k8s.io/c");
  const serial = BigInt(`0x${new X509Certificate(pem("rsa")).serialNumber}`).toString();

  it("tells the end of each host's certificate, but not that of the default one", () => {
    assert.equal(ends!.name, "nginx_ingress_controller_ssl_expire_time_seconds");
    assert.deepEqual(ends!.samples.map(({ labels, value }) => [labels["host"], labels["secret_name"], value]), [
      ["*.wild.example", "rsa", SNAPSHOT.certificates["d/rsa"]!.notAfterMs / 1000],
      ["a.example", "rsa", SNAPSHOT.certificates["d/rsa"]!.notAfterMs / 1000],
      ["b.example", "ecdsa", SNAPSHOT.certificates["e/ecdsa"]!.notAfterMs / 1000],
    ]);
    assert.deepEqual(ends!.samples[1]!.labels, {
      namespace: "d",
      class: "k8s.io/c",
      host: "a.example",
      secret_name: "rsa",
      identifier: `-${serial}`,
    });
  });

  it("names issuer, serial number in decimal, and kind of key", () => {
    const { host: _, identifier: _i, class: _c, ...labels } = infos!.samples[1]!.labels;
    assert.deepEqual(labels, {
      namespace: "d",
      secret_name: "rsa",
      issuer_organization: "Sallyport test",
      issuer_common_name: "A.example",
      serial_number: serial,
      public_key_algorithm: "RSA",
    });
    assert.equal(infos!.samples[2]!.labels["public_key_algorithm"], "ECDSA");
    assert.deepEqual(infos!.samples.map(({ value }) => value), [1, 1, 1]);
  });
});
