/**
 * Reads PEM certificates: their facts, and the host names that they cover.
 *
 * @module
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { canonicalIp } from "./ip.ts";

/** Facts about the leaf of a PEM chain. */
export interface CertificateFacts {
  /** DNS names and IP addresses of the SAN extension, lower case; the CN alone when there is no such extension. */
  readonly names: readonly string[];
  /** SHA-1 of the leaf, lower-case hex. */
  readonly sha1: string;
  /** Milliseconds since the epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** A PEM that cannot be used. `code` is stable; the message says what is wanted. */
export class CertificateError extends SyntaxError {
  override readonly name = "CertificateError";
  constructor(
    readonly code: "no-certificate" | "bad-certificate" | "bad-key" | "key-mismatch",
    message: string,
    // the TLS libraries word the reason differently, so it is the cause and not part of the message
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----/g;
/** Longest chain that is read; it bounds a Secret of many megabytes. */
const MAX_CHAIN = 32;

/** Certificates of a PEM text, in order, each as a PEM text of its own; other text is dropped. */
export function splitPem(pem: string): readonly string[] {
  return (pem.match(BLOCK) ?? []).slice(0, MAX_CHAIN);
}

const SAN_ENTRY = /(?:^|, )(DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)/g;

function namesOf(leaf: X509Certificate): string[] {
  const san = leaf.subjectAltName;
  if (san) {
    const names: string[] = [];
    for (const [, kind, raw] of san.matchAll(SAN_ENTRY)) {
      // node quotes names that contain separators; no host name does
      if (raw!.startsWith('"')) continue;
      const name = raw!.trim().toLowerCase();
      names.push(kind === "DNS" ? name : canonicalIp(name) ?? name);
    }
    return names;
  }
  const cn = /(?:^|\n)CN=([^\n]*)/.exec(leaf.subject);
  return cn === null ? [] : [cn[1]!.toLowerCase()];
}

function timeOf(text: string): number {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? 0 : ms;
}

function openLeaf(pem: string): X509Certificate {
  const blocks = splitPem(pem);
  if (blocks.length === 0) throw new CertificateError("no-certificate", "no PEM block CERTIFICATE found");
  try {
    return new X509Certificate(blocks[0]!);
  } catch (cause) {
    throw new CertificateError("bad-certificate", "the certificate is not well formed", { cause });
  }
}

/**
 * Reads a certificate with its chain and private key, and checks that all parts are well formed and belong together.
 */
export function readKeyPair(certificatePem: string, privateKeyPem: string): CertificateFacts {
  const leaf = openLeaf(certificatePem);
  for (const block of splitPem(certificatePem).slice(1)) {
    try {
      new X509Certificate(block);
    } catch (cause) {
      throw new CertificateError("bad-certificate", "a certificate of the chain is not well formed", { cause });
    }
  }
  let key;
  try {
    key = createPrivateKey(privateKeyPem);
  } catch (cause) {
    throw new CertificateError("bad-key", "the private key is not well formed", { cause });
  }
  if (!leaf.checkPrivateKey(key)) {
    throw new CertificateError("key-mismatch", "the private key does not belong to the certificate");
  }
  return {
    names: namesOf(leaf),
    sha1: leaf.fingerprint.replaceAll(":", "").toLowerCase(),
    notBeforeMs: timeOf(leaf.validFrom),
    notAfterMs: timeOf(leaf.validTo),
  };
}

/**
 * True when one of the names covers the host. `*.` in a name stands for exactly one label. A host that is itself a
 * wildcard (`*.example.com`) is covered by the same wildcard only.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6125#section-6.4.3
 */
export function coversName(names: readonly string[], host: string): boolean {
  const dot = host.indexOf(".");
  const wildcard = dot > 0 ? `*${host.slice(dot)}` : undefined;
  for (const name of names) {
    if (name === host || name === wildcard) return true;
  }
  return false;
}
