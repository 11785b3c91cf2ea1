/**
 * The annotation families: what each annotation may say, the plain data that the snapshot keeps of it, and the hooks
 * that the data plane makes of that data when it builds its tables.
 *
 * {@link policies} is in order of execution, for requests and for responses alike. What an annotation may say and what
 * is known of those that no policy declares is looked up with {@link findAnnotation} and {@link findKnown}.
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

// What others look into; the rest are read by their own hooks alone.
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

  // Host rewrite step: before the location search.
  // What the administrator keeps out gets to see nothing at all.
  blockClients,
  // The order of ingress-nginx: what the Ingress says, then app-root, then what the ConfigMap says.
  serverSnippet,
  appRoot,
  globalServerSnippet,

  // Location rewrite step.
  // First: a preflight is answered whatever the rest says.
  cors,
  configurationSnippet,
  // After snippets, so that their answers win and their break holds; before the rewrite, which it makes useless.
  redirect,
  rewriteTarget,
  // Last of the step: whatever answered before it does so on plain HTTP as well.
  sslRedirect,

  // Access, once it is known that there is an endpoint.
  sourceRange,

  // Request fields for the upstream; after the rewrite, whose captures may stand in them.
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

  // Response fields: first those that change what the upstream sent, then those that stand in its place.
  proxyCookie,
  proxyRedirect,
  // After proxy-cookie, which is about the cookies of the upstream.
  affinityCookie,
  customHeaders,
  // Fields named by annotations come after those of the upstream, to replace them.
  serviceNameHeader,
  realIpHeader,
  // After all that decides what the body is.
  compression,
  // Last: nothing may replace it.
  hsts,
] as const;

/** All policies in order of execution. */
export const policies: readonly PolicyModule<unknown>[] = modules;

type Module = (typeof modules)[number];
type PolicyOf<M> = M extends { parse(input: PolicyInput): infer P } ? Exclude<P, undefined> : never;

/** Policies by the name of their family, as `parse` returned them: what the snapshot keeps of a location, host or upstream. */
export type PolicyMap = { readonly [M in Module as M["name"]]?: PolicyOf<M> };

const declarations = indexDeclarations(policies);

/** The declaration that a name without prefix belongs to, aliases included; `undefined`: no policy honours it. */
export function findAnnotation(name: string): DeclaredAnnotation | undefined {
  return declarations.get(name);
}
