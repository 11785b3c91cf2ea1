/**
 * Versions, ciphers and application protocols of handshakes, from a profile of the snapshot and the globals.
 *
 * @module
 */
import { createSecureContext, type SecureVersion } from "node:tls";
import { runtime } from "../../runtime/mod.ts";
import { CONFIG_KEYS } from "../../policy/mod.ts";
import type { Globals, TlsProfile } from "../../snapshot/snapshot.ts";

/** Settings of the handshakes of one profile. */
export interface HandshakeSettings {
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
  /** OpenSSL cipher list for TLS up to 1.2. */
  readonly ciphers: string;
  /** Time for which sessions can be resumed; 0: they cannot. */
  readonly sessionTimeoutSeconds: number;
  /** Application protocols in order of preference. */
  readonly applicationProtocols: readonly string[];
  /** Handshakes for names that no host serves are refused (`ssl_reject_handshake`). */
  readonly rejectUnknown: boolean;
}

/** Supported versions, the oldest first. */
const VERSIONS: readonly SecureVersion[] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
/** A TLS library ignores ciphers that it lacks (DHE in BoringSSL). */
const DEFAULT_CIPHERS = CONFIG_KEYS["ssl-ciphers"].default;

/** Longest lifetime of a ticket (RFC 8446, section 4.6.1). */
const MAX_SESSION_TIMEOUT_SECONDS = 604_800;

const DEFAULT_SESSION_TIMEOUT_MS = CONFIG_KEYS["ssl-session-timeout"].default;

/** A compiled profile, and the settings that could not be honoured. */
export interface CompiledProfile {
  readonly profile: HandshakeSettings;
  readonly problems: readonly string[];
}

/**
 * Compiles the settings. TLS libraries accept a range of versions only, so a list becomes the range from its oldest to
 * its newest. Settings without any usable value become TLS 1.2 and 1.3 and the default ciphers.
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

/** True when both lead to the same secure contexts. */
export function sameContexts(a: HandshakeSettings, b: HandshakeSettings): boolean {
  return a.minVersion === b.minVersion && a.maxVersion === b.maxVersion && a.ciphers === b.ciphers &&
    a.sessionTimeoutSeconds === b.sessionTimeoutSeconds;
}

/** True when both offer the same application protocols. */
export function sameApplications(a: HandshakeSettings, b: HandshakeSettings): boolean {
  return a.applicationProtocols.join() === b.applicationProtocols.join();
}
