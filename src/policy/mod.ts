/**
 * The annotation families: the values of each annotation, the plain data for the snapshot, and the hooks that the data
 * plane makes from it when it builds its tables.
 *
 * {@link policies} is in order of execution, for requests and for responses. {@link findAnnotation} looks declarations
 * up, {@link findKnown} facts about annotations that no policy declares.
 *
 * @module
 */
import { accessLog } from "./access-log.ts";
import { affinity, affinityCookie } from "./affinity.ts";
import { appRoot } from "./app-root.ts";
import { backendProtocol } from "./backend-protocol.ts";
import { blockClients } from "./block-clients.ts";
import { compression } from "./compression.ts";
import type { PolicyInput, PolicyModule } from "./contract.ts";
import { configurationSnippet } from "./configuration-snippet.ts";
import { cors } from "./cors.ts";
import { customHeaders } from "./custom-headers.ts";
import { type DeclaredAnnotation, indexDeclarations } from "./declarations.ts";
import { defaultBackend } from "./default-backend.ts";
import { hsts } from "./hsts.ts";
import { loadBalance } from "./load-balance.ts";
import { loadBalancingScheme } from "./load-balancing-scheme.ts";
import { proxyBodySize } from "./proxy-body-size.ts";
import { proxyBuffering } from "./proxy-buffering.ts";
import { proxyCookie } from "./proxy-cookie.ts";
import { proxyHttpVersion } from "./proxy-http-version.ts";
import { proxyNextUpstream } from "./proxy-next-upstream.ts";
import { proxyRedirect } from "./proxy-redirect.ts";
import { proxyRequestBuffering } from "./proxy-request-buffering.ts";
import { proxyTimeouts } from "./proxy-timeouts.ts";
import { realIpHeader } from "./real-ip-header.ts";
import { redirect } from "./redirect.ts";
import { redirectForm } from "./redirect-form.ts";
import { rewriteTarget } from "./rewrite-target.ts";
import { serverAlias } from "./server-alias.ts";
import { globalServerSnippet, serverSnippet } from "./server-snippet.ts";
import { serviceNameHeader } from "./service-name-header.ts";
import { serviceUpstream } from "./service-upstream.ts";
import { sourceRange } from "./source-range.ts";
import { sslRedirect } from "./ssl-redirect.ts";
import { upstreamVhost } from "./upstream-vhost.ts";
import { useRegex } from "./use-regex.ts";
import { xForwardedPrefix } from "./x-forwarded-prefix.ts";

export {
  CONFIG_KEYS,
  type ConfigKey,
  DEFAULT_LOG_FORMAT,
  ERROR_LOG_LEVELS,
  type ErrorLogLevel,
  FIELD_NAME,
  RISKS,
  TLS_PROTOCOLS,
  UNHONOURED_KEYS,
} from "./config-key.ts";
export { type ConfigFinding, ConfigReader } from "./config-reader.ts";
export * from "./contract.ts";
export type { Risk } from "./risk.ts";
export type { Cache, CacheOptions, Counts, CountsOptions, PolicyState } from "./state.ts";
export type { Subrequest, SubrequestOptions, SubrequestResponse, SubrequestTarget } from "./subrequest.ts";
export { findKnown, knownAnnotations } from "./known.ts";

// Policies that other rooms read; only their own hooks read the others.
export type { AccessLogPolicy } from "./access-log.ts";
export type { AffinityPolicy } from "./affinity.ts";
export type { BackendProtocolPolicy } from "./backend-protocol.ts";
export type { LoadBalancePolicy } from "./load-balance.ts";
export type { ProxyBodySizePolicy } from "./proxy-body-size.ts";
export type { ProxyBufferingPolicy } from "./proxy-buffering.ts";
export type { ProxyHttpVersionPolicy } from "./proxy-http-version.ts";
export type { ProxyNextUpstreamPolicy } from "./proxy-next-upstream.ts";
export type { ProxyRequestBufferingPolicy } from "./proxy-request-buffering.ts";
export type { ProxyTimeoutsPolicy } from "./proxy-timeouts.ts";
export { rewrites, type RewriteTargetPolicy } from "./rewrite-target.ts";
export type { ServerAliasPolicy } from "./server-alias.ts";

/** All policies in order of execution. */
const modules = [
  // Read by the compiler only.
  serverAlias,
  useRegex,
  loadBalance,
  affinity,
  loadBalancingScheme,
  serviceUpstream,
  defaultBackend,

  // Clients that the administrator blocks get nothing at all.
  blockClients,
  // The order of ingress-nginx: the snippet of the Ingress, then app-root, then the snippet of the ConfigMap.
  serverSnippet,
  appRoot,
  globalServerSnippet,

  // First: a preflight is answered before all other rules.
  cors,
  configurationSnippet,
  // After snippets, so that their answers win and their break holds; before the rewrite, which it makes useless.
  redirect,
  rewriteTarget,
  // Last of the step: earlier answers apply to plain HTTP as well.
  sslRedirect,

  // Access, after the check for endpoints.
  sourceRange,

  // Request fields for the upstream; after the rewrite, because they may contain its captures.
  xForwardedPrefix,
  upstreamVhost,

  // Read by the data plane from the policy data.
  proxyBodySize,
  proxyTimeouts,
  proxyNextUpstream,
  proxyRequestBuffering,
  proxyHttpVersion,
  backendProtocol,
  proxyBuffering,
  accessLog,
  redirectForm,

  // Response fields: first those that change the upstream's, then those that replace them.
  proxyCookie,
  proxyRedirect,
  // After proxy-cookie, which is about the cookies of the upstream.
  affinityCookie,
  customHeaders,
  // Fields named by annotations come after those of the upstream, to replace them.
  serviceNameHeader,
  realIpHeader,
  // After all policies that decide about the body.
  compression,
  // Last: no policy may replace it.
  hsts,
] as const;

/** All policies in order of execution. */
export const policies: readonly PolicyModule<unknown>[] = modules;

type Module = (typeof modules)[number];
type PolicyOf<M> = M extends { parse(input: PolicyInput): infer P } ? Exclude<P, undefined> : never;

/**
 * Policies by the name of their family, as returned by `parse`: those of a location, host or upstream in the snapshot.
 */
export type PolicyMap = { readonly [M in Module as M["name"]]?: PolicyOf<M> };

const declarations = indexDeclarations(policies);

/** Finds the declaration of a name without prefix, aliases included; `undefined`: no policy honours it. */
export function findAnnotation(name: string): DeclaredAnnotation | undefined {
  return declarations.get(name);
}
