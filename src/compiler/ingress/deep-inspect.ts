/**
 * --deep-inspect: refuses Ingresses whose hosts, paths or TLS entries look like attempts to write nginx configuration
 * or to reach files. No configuration is generated from such text here; it is refused because it has no legitimate use.
 *
 * @module
 */
import type { Ingress } from "../../kube/mod.ts";

const DIRECTIVE = /\b(?:alias|root)\s/;
const FILE = /\/etc\/(?:passwd|shadow|group|nginx|ingress-controller)|\/var\/run\/secrets|_by_lua/;

/** Field and value of a suspicious text. */
export interface Suspicion {
  readonly field: string;
  readonly value: string;
}

function isSuspicious(text: string): boolean {
  if (FILE.test(text)) return true;
  const directive = text.search(DIRECTIVE);
  return directive >= 0 && text.indexOf(";", directive) >= 0;
}

/** The first suspicious value of an Ingress. */
export function inspectDeeply({ spec }: Ingress): Suspicion | undefined {
  for (const [i, rule] of spec.rules.entries()) {
    if (isSuspicious(rule.host)) return { field: `spec.rules[${i}].host`, value: rule.host };
    for (const [j, { path }] of rule.paths.entries()) {
      if (isSuspicious(path)) return { field: `spec.rules[${i}].http.paths[${j}].path`, value: path };
    }
  }
  for (const [i, tls] of spec.tls.entries()) {
    if (isSuspicious(tls.secretName)) return { field: `spec.tls[${i}].secretName`, value: tls.secretName };
    for (const [j, host] of tls.hosts.entries()) {
      if (isSuspicious(host)) return { field: `spec.tls[${i}].hosts[${j}]`, value: host };
    }
  }
  return undefined;
}
