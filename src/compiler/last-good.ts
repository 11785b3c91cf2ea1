/**
 * What stays in force when an object turns unusable.
 *
 * @module
 */
import type { Ingress } from "../kube/mod.ts";
import type { CertificateReading } from "./certificate.ts";

/** A certificate that could be used when it was read. */
export type GoodCertificate = CertificateReading & { readonly kind: "good" };

/**
 * The last good version of each object in use. A compiler reads and writes it; whoever makes one compiler after another gives
 * all of them the same one, so that a version outlives the compiler that accepted it.
 */
export interface LastGood {
  /** By `namespace/name`: the version that was accepted last. */
  readonly ingresses: Map<string, Ingress>;
  /** By id of the certificate. */
  readonly certificates: Map<string, GoodCertificate>;
}

/** Nothing has been accepted yet. */
export function createLastGood(): LastGood {
  return { ingresses: new Map(), certificates: new Map() };
}
