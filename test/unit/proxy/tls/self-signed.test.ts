import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";
import { FAKE_CERTIFICATE, makeSelfSigned } from "../../../../src/proxy/tls/self-signed.ts";

describe("makeSelfSigned()", () => {
  const now = new Date("2030-02-28T23:59:58.000Z");
  const made = makeSelfSigned(FAKE_CERTIFICATE, now);

  test("makes the certificate by which ingress-nginx's own is known", async () => {
    const certificate = new X509Certificate((await made).certificatePem);
    assert.match(certificate.subject, /CN=Kubernetes Ingress Controller Fake Certificate/);
    assert.match(certificate.subject, /O=Acme Co/);
    assert.equal(certificate.subject, certificate.issuer);
    assert.equal(certificate.subjectAltName, "DNS:ingress.local");
    assert.equal(certificate.ca, false);
    assert.equal(certificate.publicKey.asymmetricKeyType, "rsa");
  });

  test("is valid for 365 days from now", async () => {
    const certificate = new X509Certificate((await made).certificatePem);
    assert.equal(Date.parse(certificate.validFrom), now.getTime());
    assert.equal(Date.parse(certificate.validTo), now.getTime() + 365 * 86_400_000);
  });

  test("is signed by its own key", async () => {
    const { certificatePem, privateKeyPem } = await made;
    const certificate = new X509Certificate(certificatePem);
    assert.ok(certificate.checkPrivateKey(createPrivateKey(privateKeyPem)));
    assert.ok(certificate.verify(certificate.publicKey));
  });

  test("is read by openssl without complaint", async () => {
    const text = execFileSync("openssl", ["x509", "-noout", "-text"], { input: (await made).certificatePem })
      .toString();
    assert.match(text, /Version: 3/);
    assert.match(text, /Signature Algorithm: sha256WithRSAEncryption/);
    assert.match(text, /Public-Key: \(2048 bit\)/);
    assert.match(text, /Key Usage: critical\s+Digital Signature, Key Encipherment/);
    assert.match(text, /TLS Web Server Authentication/);
    assert.match(text, /Basic Constraints: critical\s+CA:FALSE/);
  });

  test("gives each certificate its own positive serial number", async () => {
    const serials = [await made, await makeSelfSigned(FAKE_CERTIFICATE)].map((pair) =>
      new X509Certificate(pair.certificatePem).serialNumber
    );
    assert.notEqual(serials[0], serials[1]);
    for (const serial of serials) assert.match(serial, /^[4-7]/);
  });
});
