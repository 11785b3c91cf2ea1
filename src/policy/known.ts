/**
 * All annotation names of ingress-nginx with their risks, and whether ignoring one would admit what it keeps out. The
 * compiler names those that no policy declares, and closes the locations of those that guard access.
 *
 * @module
 */
import type { Risk } from "./risk.ts";

/** Facts about one annotation name. */
export interface KnownAnnotation {
  /** Without prefix. */
  readonly key: string;
  readonly risk: Risk;
  /**
   * It restricts access, or protects the way to the upstream: if it is not honoured its locations answer 503 rather than
   * serve what should have been kept out.
   */
  readonly guardsAccess: boolean;
  /** Values without effect: with these, it makes no difference whether the annotation is honoured. */
  readonly inert?: readonly string[];
  /** Flag without which ingress-nginx ignores it. */
  readonly flag?: "enable-ssl-passthrough";
  /** ingress-nginx itself has dropped it: nothing to honour. */
  readonly removed?: true;
}

const FALSE: readonly string[] = ["0", "f", "F", "FALSE", "false", "False"];
const TRUE: readonly string[] = ["1", "t", "T", "TRUE", "true", "True"];

/** Sorted by key. */
export const knownAnnotations: readonly KnownAnnotation[] = [
  { key: "affinity", risk: "Low", guardsAccess: false },
  { key: "affinity-canary-behavior", risk: "Low", guardsAccess: false },
  { key: "affinity-mode", risk: "Medium", guardsAccess: false },
  { key: "allowlist-source-range", risk: "Medium", guardsAccess: true },
  { key: "app-root", risk: "Medium", guardsAccess: false },
  { key: "auth-always-set-cookie", risk: "Low", guardsAccess: true, inert: FALSE },
  { key: "auth-cache-duration", risk: "Medium", guardsAccess: true },
  { key: "auth-cache-key", risk: "Medium", guardsAccess: true },
  { key: "auth-keepalive", risk: "Low", guardsAccess: true },
  { key: "auth-keepalive-requests", risk: "Low", guardsAccess: true },
  { key: "auth-keepalive-share-vars", risk: "Low", guardsAccess: true, inert: FALSE },
  { key: "auth-keepalive-timeout", risk: "Low", guardsAccess: true },
  { key: "auth-method", risk: "Low", guardsAccess: true },
  { key: "auth-proxy-set-headers", risk: "Medium", guardsAccess: true },
  { key: "auth-realm", risk: "Medium", guardsAccess: true },
  { key: "auth-request-redirect", risk: "Medium", guardsAccess: true },
  { key: "auth-response-headers", risk: "Medium", guardsAccess: true },
  { key: "auth-secret", risk: "Medium", guardsAccess: true },
  { key: "auth-secret-type", risk: "Low", guardsAccess: true },
  { key: "auth-signin", risk: "High", guardsAccess: true },
  { key: "auth-signin-redirect-param", risk: "Medium", guardsAccess: true },
  { key: "auth-snippet", risk: "Critical", guardsAccess: true },
  { key: "auth-tls-error-page", risk: "High", guardsAccess: true },
  { key: "auth-tls-match-cn", risk: "High", guardsAccess: true },
  { key: "auth-tls-pass-certificate-to-upstream", risk: "Low", guardsAccess: true, inert: FALSE },
  { key: "auth-tls-secret", risk: "Medium", guardsAccess: true },
  { key: "auth-tls-verify-client", risk: "Medium", guardsAccess: true, inert: ["off"] },
  { key: "auth-tls-verify-depth", risk: "Low", guardsAccess: true },
  { key: "auth-type", risk: "Low", guardsAccess: true },
  { key: "auth-url", risk: "High", guardsAccess: true },
  { key: "backend-protocol", risk: "Low", guardsAccess: false },
  { key: "canary", risk: "Low", guardsAccess: false, inert: FALSE },
  { key: "canary-by-cookie", risk: "Medium", guardsAccess: false },
  { key: "canary-by-header", risk: "Medium", guardsAccess: false },
  { key: "canary-by-header-pattern", risk: "Medium", guardsAccess: false },
  { key: "canary-by-header-value", risk: "Medium", guardsAccess: false },
  { key: "canary-weight", risk: "Low", guardsAccess: false },
  { key: "canary-weight-total", risk: "Low", guardsAccess: false },
  { key: "client-body-buffer-size", risk: "Low", guardsAccess: false },
  { key: "configuration-snippet", risk: "Critical", guardsAccess: false },
  { key: "connection-proxy-header", risk: "Low", guardsAccess: false },
  { key: "cors-allow-credentials", risk: "Low", guardsAccess: false },
  { key: "cors-allow-headers", risk: "Medium", guardsAccess: false },
  { key: "cors-allow-methods", risk: "Medium", guardsAccess: false },
  { key: "cors-allow-origin", risk: "Medium", guardsAccess: false },
  { key: "cors-expose-headers", risk: "Medium", guardsAccess: false },
  { key: "cors-max-age", risk: "Low", guardsAccess: false },
  { key: "custom-headers", risk: "Medium", guardsAccess: false },
  { key: "custom-http-errors", risk: "Low", guardsAccess: false },
  { key: "default-backend", risk: "Low", guardsAccess: false },
  { key: "denylist-source-range", risk: "Medium", guardsAccess: true },
  { key: "disable-proxy-intercept-errors", risk: "Low", guardsAccess: false, inert: FALSE },
  { key: "enable-access-log", risk: "Low", guardsAccess: false, inert: TRUE },
  { key: "enable-cors", risk: "Low", guardsAccess: false, inert: FALSE },
  { key: "enable-global-auth", risk: "Low", guardsAccess: false },
  { key: "enable-influxdb", risk: "Low", guardsAccess: false, removed: true },
  { key: "enable-modsecurity", risk: "Low", guardsAccess: true, inert: FALSE },
  { key: "enable-opentelemetry", risk: "Low", guardsAccess: false, inert: FALSE },
  { key: "enable-owasp-core-rules", risk: "Low", guardsAccess: true, inert: FALSE },
  { key: "enable-rewrite-log", risk: "Low", guardsAccess: false, inert: FALSE },
  { key: "fastcgi-index", risk: "Medium", guardsAccess: false },
  { key: "fastcgi-params-configmap", risk: "Medium", guardsAccess: false },
  { key: "force-ssl-redirect", risk: "Medium", guardsAccess: false },
  { key: "from-to-www-redirect", risk: "Low", guardsAccess: false, inert: FALSE },
  { key: "http2-push-preload", risk: "Low", guardsAccess: false, inert: FALSE, removed: true },
  { key: "influxdb-host", risk: "Low", guardsAccess: false, removed: true },
  { key: "influxdb-measurement", risk: "Low", guardsAccess: false, removed: true },
  { key: "influxdb-port", risk: "Low", guardsAccess: false, removed: true },
  { key: "influxdb-server-name", risk: "Low", guardsAccess: false, removed: true },
  { key: "limit-allowlist", risk: "Low", guardsAccess: true },
  { key: "limit-burst-multiplier", risk: "Low", guardsAccess: true },
  { key: "limit-connections", risk: "Low", guardsAccess: true, inert: ["0"] },
  { key: "limit-rate", risk: "Low", guardsAccess: false, inert: ["0"] },
  { key: "limit-rate-after", risk: "Low", guardsAccess: false, inert: ["0"] },
  { key: "limit-rpm", risk: "Low", guardsAccess: true, inert: ["0"] },
  { key: "limit-rps", risk: "Low", guardsAccess: true, inert: ["0"] },
  { key: "limit-whitelist", risk: "Low", guardsAccess: true },
  { key: "load-balance", risk: "Low", guardsAccess: false },
  { key: "mirror-host", risk: "High", guardsAccess: false },
  { key: "mirror-request-body", risk: "Low", guardsAccess: false, inert: ["off"] },
  { key: "mirror-target", risk: "High", guardsAccess: false },
  { key: "modsecurity-snippet", risk: "Critical", guardsAccess: true },
  { key: "modsecurity-transaction-id", risk: "High", guardsAccess: false },
  { key: "opentelemetry-operation-name", risk: "Medium", guardsAccess: false },
  { key: "opentelemetry-trust-incoming-span", risk: "Low", guardsAccess: false, inert: FALSE },
  { key: "permanent-redirect", risk: "Medium", guardsAccess: false },
  { key: "permanent-redirect-code", risk: "Low", guardsAccess: false },
  { key: "preserve-trailing-slash", risk: "Medium", guardsAccess: false },
  { key: "proxy-body-size", risk: "Medium", guardsAccess: false },
  { key: "proxy-buffer-size", risk: "Low", guardsAccess: false },
  { key: "proxy-buffering", risk: "Low", guardsAccess: false },
  { key: "proxy-buffers-number", risk: "Low", guardsAccess: false },
  { key: "proxy-busy-buffers-size", risk: "Low", guardsAccess: false },
  { key: "proxy-connect-timeout", risk: "Low", guardsAccess: false },
  { key: "proxy-cookie-domain", risk: "Medium", guardsAccess: false, inert: ["off"] },
  { key: "proxy-cookie-path", risk: "Medium", guardsAccess: false, inert: ["off"] },
  { key: "proxy-http-version", risk: "Low", guardsAccess: false },
  { key: "proxy-max-temp-file-size", risk: "Low", guardsAccess: false },
  { key: "proxy-next-upstream", risk: "Medium", guardsAccess: false },
  { key: "proxy-next-upstream-timeout", risk: "Low", guardsAccess: false },
  { key: "proxy-next-upstream-tries", risk: "Low", guardsAccess: false },
  { key: "proxy-read-timeout", risk: "Low", guardsAccess: false },
  { key: "proxy-redirect-from", risk: "Medium", guardsAccess: false, inert: ["off"] },
  { key: "proxy-redirect-to", risk: "Medium", guardsAccess: false, inert: ["off"] },
  { key: "proxy-request-buffering", risk: "Low", guardsAccess: false },
  { key: "proxy-send-timeout", risk: "Low", guardsAccess: false },
  { key: "proxy-ssl-ciphers", risk: "Medium", guardsAccess: false },
  { key: "proxy-ssl-name", risk: "High", guardsAccess: true },
  { key: "proxy-ssl-protocols", risk: "Low", guardsAccess: false },
  { key: "proxy-ssl-secret", risk: "Medium", guardsAccess: true },
  { key: "proxy-ssl-server-name", risk: "Low", guardsAccess: false, inert: ["off"] },
  { key: "proxy-ssl-verify", risk: "Low", guardsAccess: true, inert: ["off"] },
  { key: "proxy-ssl-verify-depth", risk: "Low", guardsAccess: false },
  { key: "relative-redirects", risk: "Low", guardsAccess: false },
  { key: "rewrite-target", risk: "Medium", guardsAccess: false },
  { key: "satisfy", risk: "Low", guardsAccess: true, inert: ["all"] },
  { key: "secure-verify-ca-secret", risk: "Low", guardsAccess: false, removed: true },
  { key: "server-alias", risk: "High", guardsAccess: false },
  { key: "server-snippet", risk: "Critical", guardsAccess: false },
  { key: "service-upstream", risk: "Low", guardsAccess: false, inert: FALSE },
  { key: "session-cookie-change-on-failure", risk: "Low", guardsAccess: false, inert: FALSE },
  { key: "session-cookie-conditional-samesite-none", risk: "Low", guardsAccess: false, inert: FALSE },
  { key: "session-cookie-domain", risk: "Medium", guardsAccess: false },
  { key: "session-cookie-expires", risk: "Medium", guardsAccess: false },
  { key: "session-cookie-max-age", risk: "Medium", guardsAccess: false },
  { key: "session-cookie-name", risk: "Medium", guardsAccess: false },
  { key: "session-cookie-path", risk: "Medium", guardsAccess: false },
  { key: "session-cookie-samesite", risk: "Low", guardsAccess: false },
  { key: "session-cookie-secure", risk: "Low", guardsAccess: false, inert: FALSE },
  { key: "ssl-ciphers", risk: "Low", guardsAccess: false },
  { key: "ssl-passthrough", risk: "Low", guardsAccess: true, inert: FALSE, flag: "enable-ssl-passthrough" },
  { key: "ssl-prefer-server-ciphers", risk: "Low", guardsAccess: false },
  { key: "ssl-redirect", risk: "Low", guardsAccess: false },
  { key: "stream-snippet", risk: "Critical", guardsAccess: false },
  { key: "temporal-redirect", risk: "Medium", guardsAccess: false },
  { key: "temporal-redirect-code", risk: "Low", guardsAccess: false },
  { key: "upstream-hash-by", risk: "High", guardsAccess: false },
  { key: "upstream-hash-by-subset", risk: "Low", guardsAccess: false, inert: FALSE },
  { key: "upstream-hash-by-subset-size", risk: "Low", guardsAccess: false },
  { key: "upstream-vhost", risk: "Low", guardsAccess: false },
  { key: "use-port-in-redirects", risk: "Low", guardsAccess: false },
  { key: "use-regex", risk: "Low", guardsAccess: false, inert: FALSE },
  { key: "whitelist-source-range", risk: "Medium", guardsAccess: true },
  { key: "x-forwarded-prefix", risk: "Medium", guardsAccess: false },
];

const byKey = new Map(knownAnnotations.map((entry) => [entry.key, entry]));

/** Facts about an annotation name (without prefix) of ingress-nginx, declared by a policy or not. */
export function findKnown(key: string): KnownAnnotation | undefined {
  return byKey.get(key);
}
