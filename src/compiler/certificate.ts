/**
 * Secret -> {@link Certificate}.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import type { Secret } from "../kube/mod.ts";
import { CertificateError, readKeyPair, splitPem } from "../net/mod.ts";
import type { Certificate } from "../snapshot/snapshot.ts";
import { diagnose } from "./diagnose.ts";

/** Result of reading a Secret. */
export type CertificateReading =
  | {
    readonly kind: "good";
    readonly certificate: Certificate;
    readonly notBeforeMs: number;
    /**
     * Reason for which an older certificate is used: the content of the Secret is unusable. `null`: it is the current
     * one.
     */
    readonly refused: string | null;
  }
  | { readonly kind: "broken"; readonly message: string }
  | { readonly kind: "missing" };

const DAY_MS = 24 * 60 * 60 * 1000;
/** Time before the end of a certificate at which the warning begins, milliseconds. */
const WARN_MS = 10 * DAY_MS;
/** Bound of a PEM text; chains and keys take a few kilobytes. */
const MAX_PEM_BYTES = 1024 * 1024;

const decoder = new TextDecoder();

function textOf(secret: Secret, key: string): string | undefined {
  const bytes = secret.data.get(key);
  return bytes === undefined || bytes.length === 0 || bytes.length > MAX_PEM_BYTES ? undefined : decoder.decode(bytes);
}

/**
 * Reads `tls.crt` and `tls.key`; the work is skipped when `former` was made from the same bytes. A certificate that was good
 * stays when the Secret turns unusable, until the Secret goes.
 */
export function readCertificateSecret(
  id: string,
  secret: Secret | undefined,
  former: CertificateReading | undefined,
): CertificateReading {
  if (secret === undefined) return { kind: "missing" };
  const crt = textOf(secret, "tls.crt");
  const key = textOf(secret, "tls.key");
  if (crt === undefined || key === undefined) {
    const wanted = crt === undefined && key === undefined
      ? "tls.crt and tls.key"
      : crt === undefined
      ? "tls.crt"
      : "tls.key";
    return refuse(former, `it has no ${wanted}`);
  }
  const certificatePem = `${splitPem(crt).join("\n")}\n`;
  if (
    former?.kind === "good" && former.certificate.certificatePem === certificatePem &&
    former.certificate.privateKeyPem === key
  ) return former.refused === null ? former : { ...former, refused: null };
  try {
    const { names, sha1, notAfterMs, notBeforeMs } = readKeyPair(crt, key);
    return {
      kind: "good",
      notBeforeMs,
      refused: null,
      certificate: { id, certificatePem, privateKeyPem: key, sha1, names, notAfterMs },
    };
  } catch (error) {
    if (error instanceof CertificateError) return refuse(former, error.message);
    throw error;
  }
}

function refuse(former: CertificateReading | undefined, message: string): CertificateReading {
  return former?.kind === "good" ? { ...former, refused: message } : { kind: "broken", message };
}

/** Diagnostics about the Secret itself. */
export function judgeCertificate(
  secret: Secret | undefined,
  reading: CertificateReading,
  nowMs: number,
): readonly Diagnostic[] {
  if (secret === undefined || reading.kind === "missing") return [];
  const name = `${secret.metadata.namespace}/${secret.metadata.name}`;
  const invalid = (message: string, effect: string): Diagnostic =>
    diagnose(secret, {
      reason: "InvalidCertificate",
      severity: "error",
      message: `read certificate of Secret "${name}": ${message}`,
      effect,
    });
  if (reading.kind === "broken") {
    return [invalid(reading.message, "the default certificate is served in its place")];
  }
  const until = new Date(reading.certificate.notAfterMs).toISOString();
  const found = reading.refused === null
    ? []
    : [invalid(reading.refused, `its last good certificate, valid until ${until}, stays in force`)];
  return [...found, ...judgeDates(secret, name, reading, nowMs)];
}

function judgeDates(
  secret: Secret,
  name: string,
  reading: CertificateReading & { readonly kind: "good" },
  nowMs: number,
): readonly Diagnostic[] {
  const { notAfterMs } = reading.certificate;
  const end = new Date(notAfterMs).toISOString();
  if (notAfterMs <= nowMs) {
    return [diagnose(secret, {
      reason: "CertificateExpired",
      severity: "warning",
      message: `use certificate of Secret "${name}": it has expired on ${end}`,
      effect: "it is served all the same, and clients refuse it",
    })];
  }
  if (reading.notBeforeMs > nowMs) {
    return [diagnose(secret, {
      reason: "CertificateNotYetValid",
      severity: "warning",
      message: `use certificate of Secret "${name}": it is valid from ${
        new Date(reading.notBeforeMs).toISOString()
      } on`,
      effect: "it is served all the same, and clients refuse it",
    })];
  }
  if (notAfterMs - nowMs >= WARN_MS) return [];
  return [diagnose(secret, {
    reason: "CertificateExpiresSoon",
    severity: "warning",
    message: `use certificate of Secret "${name}": it expires on ${end}`,
    effect: "it is served",
  })];
}

/** When {@link judgeCertificate} will next return other diagnostics; `Infinity`: never. */
export function nextJudgement(reading: CertificateReading, nowMs: number): number {
  if (reading.kind !== "good") return Infinity;
  const { notAfterMs } = reading.certificate;
  return [reading.notBeforeMs, notAfterMs - WARN_MS + 1, notAfterMs].filter((at) => at > nowMs)
    .reduce((a, b) => Math.min(a, b), Infinity);
}
