/**
 * Certificates of referenced Secrets.
 *
 * @module
 */
import type { Secret, StoreView } from "../kube/mod.ts";
import { equalData } from "../snapshot/mod.ts";
import { type Certificate, DEFAULT_CERTIFICATE } from "../snapshot/snapshot.ts";
import { type CertificateReading, judgeCertificate, nextJudgement, readCertificateSecret } from "./certificate.ts";
import type { DiagnosticIndex } from "./diagnostic-index.ts";
import type { GoodCertificate } from "./last-good.ts";

/** Readings by id: `namespace/secret`, or {@link DEFAULT_CERTIFICATE}. */
export class CertificateStore {
  readonly #readings = new Map<string, CertificateReading>();
  readonly #lastGood: Map<string, GoodCertificate>;
  readonly #secrets = new Map<string, Secret | undefined>();
  /** Time of the next change of diagnostics; milliseconds since the epoch. */
  #judgeAtMs = Infinity;

  constructor(
    readonly diagnostics: DiagnosticIndex,
    readonly defaultSecret: string,
    lastGood: Map<string, GoodCertificate>,
  ) {
    this.#lastGood = lastGood;
  }

  get(id: string): CertificateReading | undefined {
    return this.#readings.get(id);
  }

  /** Certificate for the snapshot. */
  certificate(id: string): Certificate | undefined {
    const reading = this.#readings.get(id);
    return reading?.kind === "good" ? reading.certificate : undefined;
  }

  /** Reads a Secret again; true when the result affects hosts, and not only handshakes. */
  read(id: string, view: StoreView, nowMs: number): boolean {
    const [namespace = "", name = ""] = (id === DEFAULT_CERTIFICATE ? this.defaultSecret : id).split("/");
    const secret = view.secret(namespace, name);
    const former = this.#readings.get(id);
    const reading = readCertificateSecret(id, secret, former ?? this.#lastGood.get(id));
    this.#readings.set(id, reading);
    if (reading.kind === "good") this.#lastGood.set(id, reading);
    else this.#lastGood.delete(id);
    this.#secrets.set(id, secret);
    this.#judge(id, reading, secret, nowMs);
    return former === undefined || !sameForHosts(former, reading);
  }

  /** The certificate is no longer referenced. */
  forget(id: string): void {
    this.#readings.delete(id);
    this.#lastGood.delete(id);
    this.#secrets.delete(id);
    this.diagnostics.replace(`certificate ${id}`, []);
  }

  /** All certificates in use have been read: drops last good versions of others. */
  forgetUnread(): void {
    for (const id of this.#lastGood.keys()) if (!this.#readings.has(id)) this.#lastGood.delete(id);
  }

  /** Updates diagnostics that depend on the time. */
  age(nowMs: number): void {
    if (nowMs < this.#judgeAtMs) return;
    this.#judgeAtMs = Infinity;
    for (const [id, reading] of this.#readings) this.#judge(id, reading, this.#secrets.get(id), nowMs);
  }

  #judge(id: string, reading: CertificateReading, secret: Secret | undefined, nowMs: number): void {
    this.#judgeAtMs = Math.min(this.#judgeAtMs, nextJudgement(reading, nowMs));
    if (id === DEFAULT_CERTIFICATE && reading.kind === "missing") {
      this.diagnostics.replace(`certificate ${id}`, [{
        reason: "SecretNotFound",
        severity: "error",
        field: "--default-ssl-certificate",
        message: `find Secret "${this.defaultSecret}": there is none`,
        effect: "a self-signed certificate is served in its place",
      }]);
      return;
    }
    this.diagnostics.replace(`certificate ${id}`, judgeCertificate(secret, reading, nowMs));
  }
}

function sameForHosts(a: CertificateReading, b: CertificateReading): boolean {
  if (a.kind === "good" && b.kind === "good") return equalData(a.certificate.names, b.certificate.names);
  return a.kind === b.kind && (a.kind !== "broken" || b.kind !== "broken" || a.message === b.message);
}
