/**
 * Which certificate a host is served with.
 *
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import { coversName } from "../../net/mod.ts";
import { CATCH_ALL, DEFAULT_CERTIFICATE, type HostName, type HostTls } from "../../snapshot/snapshot.ts";
import type { CertificateReading } from "../certificate.ts";
import { diagnose } from "../diagnose.ts";
import type { RouteCertificate, RouteContribution } from "./contribution.ts";

/** What the choice is made from. */
export interface TlsContext {
  /** By `namespace/secret`. */
  certificate(id: string): CertificateReading | undefined;
}

const NONE: HostTls = { kind: "none" };
const DEFAULT_SERVED = "the default certificate is served for it";

/** The certificate that a route means for a host: the one that lists it, else the first that covers it. */
function chooseCertificate(
  host: string,
  { listed, certificates }: RouteContribution,
  context: TlsContext,
): ListedSecret | undefined {
  const named = listed.get(host);
  if (named !== undefined) return isSecret(named) ? named : undefined;
  return certificates.filter(isSecret).find(({ id }) => {
    const reading = context.certificate(id);
    return reading?.kind === "good" && coversName(reading.certificate.names, host);
  });
}

type ListedSecret = RouteCertificate & { readonly id: string };

function isSecret(certificate: RouteCertificate): certificate is ListedSecret {
  return certificate.id !== null;
}

/** The first route with certificates decides. `_` has the default certificate without being registered. */
export function compileHostTls(
  host: string,
  names: readonly HostName[],
  routes: readonly RouteContribution[],
  context: TlsContext,
  diagnostics: Diagnostic[],
): HostTls {
  if (host === CATCH_ALL) return NONE;
  const route = routes.find(({ certificates }) => certificates.length > 0);
  if (route === undefined) return NONE;
  const chosen = chooseCertificate(host, route, context);
  const certificate = chosen === undefined ? undefined : usable(host, chosen, route, context, diagnostics);
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
  { id, field }: ListedSecret,
  route: RouteContribution,
  context: TlsContext,
  diagnostics: Diagnostic[],
): string | undefined {
  const refuse = (reason: string, message: string): undefined => {
    diagnostics.push(diagnose(route.origin, {
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
