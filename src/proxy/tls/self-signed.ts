/**
 * The certificate for names without one: self-signed, with the names of ingress-nginx's own, by which operators and
 * monitoring know it.
 *
 * A small DER writer makes it: X.509 libraries add reflection polyfills or some hundred kilobytes to the start of the
 * program, for one certificate of a fixed shape.
 *
 * @see RFC 5280, section 4.1
 * @module
 */
import { generateKeyPair, type KeyObject, randomBytes, sign } from "node:crypto";
import { bitString, der, explicit, objectIdentifier, positiveInteger, sequence, Tag, text, utcTime } from "./_der.ts";
import type { KeyPair } from "./context-cache.ts";

/** Content of the certificate. */
export interface SelfSignedOptions {
  readonly commonName: string;
  readonly organization: string;
  /** DNS names. */
  readonly names: readonly string[];
  readonly days: number;
}

export const FAKE_CERTIFICATE: SelfSignedOptions = {
  commonName: "Kubernetes Ingress Controller Fake Certificate",
  organization: "Acme Co",
  names: ["ingress.local"],
  days: 365,
};

const DAY_MS = 86_400_000;
const MODULUS_BITS = 2048;

const SHA256_WITH_RSA = sequence(objectIdentifier("1.2.840.113549.1.1.11"), der(Tag.Null));

/** Makes an RSA key off the main thread, and a certificate for it. */
export function makeSelfSigned(options: SelfSignedOptions, now: Date = new Date()): Promise<KeyPair> {
  return new Promise((resolve, reject) => {
    generateKeyPair("rsa", { modulusLength: MODULUS_BITS }, (error, publicKey, privateKey) => {
      if (error) return reject(error);
      try {
        resolve({
          certificatePem: pem(certificate(options, now, publicKey, privateKey)),
          privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
        });
      } catch (reason) {
        reject(reason instanceof Error ? reason : new Error(String(reason)));
      }
    });
  });
}

function certificate(options: SelfSignedOptions, now: Date, publicKey: KeyObject, privateKey: KeyObject): Buffer {
  const name = sequence(
    attribute("2.5.4.10", options.organization),
    attribute("2.5.4.3", options.commonName),
  );
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40; // positive, and of constant length
  const toBeSigned = sequence(
    explicit(0, der(Tag.Integer, Buffer.from([2]))), // version 3
    positiveInteger(serial),
    SHA256_WITH_RSA,
    name,
    sequence(utcTime(now), utcTime(new Date(now.getTime() + options.days * DAY_MS))),
    name,
    publicKey.export({ type: "spki", format: "der" }) as Buffer,
    explicit(3, extensions(options.names)),
  );
  return sequence(toBeSigned, SHA256_WITH_RSA, bitString(sign("sha256", toBeSigned, privateKey)));
}

function attribute(type: string, value: string): Buffer {
  return der(Tag.Set, sequence(objectIdentifier(type), text(Tag.Utf8String, value)));
}

function extensions(names: readonly string[]): Buffer {
  const dnsNames = names.map((name) => der(0x82, Buffer.from(name, "latin1")));
  return sequence(
    // digitalSignature and keyEncipherment: bits 0 and 2 of the key usage
    extension("2.5.29.15", true, bitString(Buffer.from([0xa0]), 5)),
    extension("2.5.29.37", false, sequence(objectIdentifier("1.3.6.1.5.5.7.3.1"))), // serverAuth
    extension("2.5.29.19", true, sequence()), // no CA
    extension("2.5.29.17", false, sequence(...dnsNames)),
  );
}

function extension(type: string, critical: boolean, value: Uint8Array): Buffer {
  const flag = critical ? [der(Tag.Boolean, Buffer.from([0xff]))] : [];
  return sequence(objectIdentifier(type), ...flag, der(Tag.OctetString, value));
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
