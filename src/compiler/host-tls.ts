/**
 * Which certificate a host is served with.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import { coversName } from "../net/mod.ts";
import { CATCH_ALL, DEFAULT_CERTIFICATE, type HostName, type HostTls } from "../snapshot/snapshot.ts";
import type { CertificateReading } from "./certificate.ts";
import { diagnose } from "./diagnose.ts";
import type { IngressEntry } from "./ingress-entry.ts";

/** What the choice is made from. */
export interface TlsContext {
  /** By `namespace/secret`. */
  certificate(id: string): CertificateReading | undefined;
}

const NONE: HostTls = { kind: "none" };
const DEFAULT_SERVED = "the default certificate is served for it";

/** The Secret that an Ingress means for a host: the entry that lists it, else the first whose certificate covers it. */
function chooseSecret(
  host: string,
  entry: IngressEntry,
  context: TlsContext,
): { id: string; field: string } | undefined {
  const { metadata: { namespace }, spec } = entry.ingress;
  const listed = entry.tls.get(host);
  if (listed !== undefined) {
    const { secretName } = spec.tls[listed]!;
    return secretName === ""
      ? undefined
      : { id: `${namespace}/${secretName}`, field: `spec.tls[${listed}].secretName` };
  }
  for (const [i, { secretName }] of spec.tls.entries()) {
    if (secretName === "") continue;
    const id = `${namespace}/${secretName}`;
    const reading = context.certificate(id);
    if (reading?.kind === "good" && coversName(reading.certificate.names, host)) {
      return { id, field: `spec.tls[${i}].secretName` };
    }
  }
  return undefined;
}

/** The first Ingress with a tls section decides. `_` has the default certificate without being registered. */
export function compileHostTls(
  host: string,
  names: readonly HostName[],
  entries: readonly IngressEntry[],
  context: TlsContext,
  diagnostics: Diagnostic[],
): HostTls {
  if (host === CATCH_ALL) return NONE;
  const entry = entries.find(({ ingress }) => ingress.spec.tls.length > 0);
  if (entry === undefined) return NONE;
  const chosen = chooseSecret(host, entry, context);
  const certificate = chosen === undefined ? undefined : usable(host, chosen, entry, context, diagnostics);
  const serverNames = new Set([host]);
  const covering = context.certificate(certificate ?? DEFAULT_CERTIFICATE);
  for (const name of names) {
    const text = name.kind === "exact" ? name.name : name.kind === "leading-wildcard" ? `*${name.suffix}` : undefined;
    if (text === undefined) continue;
    if (covering?.kind === "good" && coversName(covering.certificate.names, text)) serverNames.add(text);
  }
  return { kind: "terminate", certificate: certificate ?? DEFAULT_CERTIFICATE, serverNames: [...serverNames] };
}

function usable(
  host: string,
  { id, field }: { readonly id: string; readonly field: string },
  entry: IngressEntry,
  context: TlsContext,
  diagnostics: Diagnostic[],
): string | undefined {
  const refuse = (reason: string, message: string): undefined => {
    diagnostics.push(diagnose(entry.ingress, {
      reason,
      severity: "warning",
      field,
      message: `serve host "${host}" with the certificate of Secret "${id}": ${message}`,
      effect: DEFAULT_SERVED,
    }));
  };
  const reading = context.certificate(id) ?? { kind: "missing" };
  switch (reading.kind) {
    case "missing":
      return refuse("SecretNotFound", "there is no such Secret");
    case "broken":
      return refuse("InvalidCertificate", reading.message);
    case "good":
      if (coversName(reading.certificate.names, host)) return id;
      return refuse(
        "CertificateDoesNotCoverHost",
        `it is for ${reading.certificate.names.slice(0, 5).join(", ") || "no name"}`,
      );
    default:
      return reading satisfies never;
  }
}
