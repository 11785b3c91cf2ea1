/**
 * Versions, ciphers and application protocols of handshakes, from a profile of the snapshot and the globals.
 *
 * @module
 */
import { createSecureContext, type SecureVersion } from "node:tls";
import { runtime } from "../../runtime/mod.ts";
import type { Globals, TlsProfile } from "../../snapshot/snapshot.ts";

/** What holds for the handshakes of one profile. */
export interface HandshakeSettings {
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
  /** OpenSSL cipher list for TLS up to 1.2. */
  readonly ciphers: string;
  /** Sessions can be resumed for so long; 0: not at all. */
  readonly sessionTimeoutSeconds: number;
  /** In order of preference. */
  readonly applicationProtocols: readonly string[];
  /** Handshakes for names that no host serves are refused (`ssl_reject_handshake`). */
  readonly rejectUnknown: boolean;
}

/** Versions that can be spoken, oldest first. */
const VERSIONS: readonly SecureVersion[] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
/** ingress-nginx's ssl-ciphers; those that a runtime's TLS library lacks (DHE in BoringSSL) are passed over by it. */
const DEFAULT_CIPHERS = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" +
  "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES256-GCM-SHA384:" +
  "DHE-RSA-AES128-GCM-SHA256";

/** As long as RFC 8446, section 4.6.1, lets a ticket live. */
const MAX_SESSION_TIMEOUT_SECONDS = 604_800;

const DEFAULT_SESSION_TIMEOUT_MS = 600_000;

/** A profile together with what could not be taken over from the settings. */
export interface CompiledProfile {
  readonly profile: HandshakeSettings;
  readonly problems: readonly string[];
}

/**
 * Compiles the settings. A list of versions becomes the range from its oldest to its newest, because TLS libraries take
 * no gaps. Settings that nothing can be made of fall back to TLS 1.2 and 1.3 and the default ciphers.
 *
 * @param supported application protocols that the listener speaks, in order of preference
 */
export function compileProfile(
  given: TlsProfile,
  tls: Globals["tls"],
  supported: readonly string[],
): CompiledProfile {
  const problems: string[] = [];
  const known = VERSIONS.filter((version) => given.protocols.includes(version));
  for (const name of given.protocols) {
    if (!VERSIONS.includes(name as SecureVersion)) problems.push(`TLS version "${name}" is not supported`);
  }
  if (known.length === 0 && given.protocols.length > 0) {
    problems.push("no TLS version is left, TLSv1.2 and TLSv1.3 are used");
  }
  let ciphers = given.ciphers === "" ? DEFAULT_CIPHERS : given.ciphers;
  try {
    createSecureContext({ ciphers });
  } catch {
    problems.push(`no cipher of "${ciphers}" is supported, the default ciphers are used`);
    ciphers = DEFAULT_CIPHERS;
  }
  if (ciphers !== DEFAULT_CIPHERS && runtime().name === "deno") {
    problems.push("ssl-ciphers has no effect on Deno, whose TLS library keeps to its own list");
  }
  if (given.sessionTimeoutMs !== DEFAULT_SESSION_TIMEOUT_MS && runtime().name === "deno") {
    problems.push("ssl-session-cache, -tickets and -timeout have no effect on Deno");
  }
  return {
    profile: {
      minVersion: known[0] ?? "TLSv1.2",
      maxVersion: known.at(-1) ?? "TLSv1.3",
      ciphers,
      sessionTimeoutSeconds: Math.min(Math.ceil(given.sessionTimeoutMs / 1000), MAX_SESSION_TIMEOUT_SECONDS),
      applicationProtocols: supported.filter((protocol) => protocol !== "h2" || tls.useHttp2),
      rejectUnknown: tls.rejectHandshake,
    },
    problems,
  };
}

/** Do both lead to the same secure contexts. */
export function sameContexts(a: HandshakeSettings, b: HandshakeSettings): boolean {
  return a.minVersion === b.minVersion && a.maxVersion === b.maxVersion && a.ciphers === b.ciphers &&
    a.sessionTimeoutSeconds === b.sessionTimeoutSeconds;
}

/** Do both offer the same application protocols. */
export function sameApplications(a: HandshakeSettings, b: HandshakeSettings): boolean {
  return a.applicationProtocols.join() === b.applicationProtocols.join();
}
