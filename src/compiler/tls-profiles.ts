/**
 * Compiles the settings of handshakes: {@link TlsProfile}s.
 *
 * @module
 */
import { type ConfigReader, TLS_PROTOCOLS } from "../policy/mod.ts";
import { DEFAULT_TLS_PROFILE, type TlsProfile } from "../snapshot/snapshot.ts";

/** Compiles the profile of hosts without one of their own. */
export function compileDefaultProfile(reader: ConfigReader): TlsProfile {
  return {
    id: DEFAULT_TLS_PROFILE,
    protocols: readProtocols(reader),
    ciphers: reader.get("ssl-ciphers"),
    sessionTimeoutMs: readSessionTimeout(reader),
  };
}

/** Sessions are kept in tickets, whichever key enables them: the TLS libraries support nothing else. */
function readSessionTimeout(reader: ConfigReader): number {
  const cache = reader.get("ssl-session-cache");
  const tickets = reader.get("ssl-session-tickets");
  const timeoutMs = reader.get("ssl-session-timeout");
  return cache || tickets ? timeoutMs : 0;
}

function readProtocols(reader: ConfigReader): readonly string[] {
  const named = reader.get("ssl-protocols");
  const offered = TLS_PROTOCOLS.filter((name) => named.includes(name));
  const refused = named.filter((name) => !TLS_PROTOCOLS.includes(name));
  if (refused.length > 0) {
    reader.report("ssl-protocols", {
      reason: "ProtocolNotSupported",
      severity: "warning",
      message: `use ${refused.join(", ")} of ssl-protocols: versions before TLSv1.2 are not spoken`,
      effect: `only ${offered.join(" and ")} is offered`,
    });
  }
  return offered;
}
