/**
 * The annotation families: what each annotation may say, the plain data that the snapshot keeps of it, and the hooks
 * that the data plane makes of that data when it builds its tables.
 *
 * {@link policies} is in order of execution, for requests and for responses alike. What an annotation may say and what
 * is known of those that no policy declares is looked up with {@link findAnnotation} and {@link findKnown}.
 *
 * @module
 */
import { appRoot } from "./app-root.ts";
import type { PolicyModule } from "./contract.ts";
import { type DeclaredAnnotation, indexDeclarations } from "./declarations.ts";
import { hsts } from "./hsts.ts";
import { loadBalancingScheme } from "./load-balancing-scheme.ts";
import { proxyBodySize } from "./proxy-body-size.ts";
import { realIpHeader } from "./real-ip-header.ts";
import { serverAlias } from "./server-alias.ts";
import { serviceNameHeader } from "./service-name-header.ts";
import { sslRedirect } from "./ssl-redirect.ts";
import { useRegex } from "./use-regex.ts";

export * from "./contract.ts";
export type { DeclaredAnnotation } from "./declarations.ts";
export { findKnown, type KnownAnnotation, knownAnnotations } from "./known.ts";

export type { AppRootPolicy } from "./app-root.ts";
export type { HstsPolicy } from "./hsts.ts";
export type { LoadBalancingSchemePolicy } from "./load-balancing-scheme.ts";
export type { ProxyBodySizePolicy } from "./proxy-body-size.ts";
export type { RealIpHeaderPolicy } from "./real-ip-header.ts";
export type { ServerAliasPolicy } from "./server-alias.ts";
export type { ServiceNameHeaderPolicy } from "./service-name-header.ts";
export type { SslRedirectPolicy } from "./ssl-redirect.ts";
export type { UseRegexPolicy } from "./use-regex.ts";

/** All policies in order of execution. */
export const policies: readonly PolicyModule<any>[] = [
  // Read by the compiler only.
  serverAlias,
  useRegex,
  loadBalancingScheme,

  // Host rewrite step: before the location search.
  appRoot,

  // Location rewrite step.
  // Last of the step: whatever answered before it does so on plain HTTP as well.
  sslRedirect,

  // Read by the data plane from the policy data.
  proxyBodySize,

  // Response fields. Fields named by annotations come after those of the upstream, to replace them.
  serviceNameHeader,
  realIpHeader,
  // Last: nothing may replace it.
  hsts,
];

const declarations = indexDeclarations(policies);

/** The declaration that a name without prefix belongs to, aliases included; `undefined`: no policy honours it. */
export function findAnnotation(name: string): DeclaredAnnotation | undefined {
  return declarations.get(name);
}

/** All declarations, in the order of {@link policies}. */
export function declaredAnnotations(): readonly DeclaredAnnotation[] {
  return policies.flatMap((policy) => policy.annotations.map((declaration) => ({ declaration, policy })));
}
