/**
 * What handshakes are held to: {@link TlsProfile}s.
 *
 * @module
 */
import { DEFAULT_TLS_PROFILE, type TlsProfile } from "../snapshot/snapshot.ts";
import type { ConfigReader } from "./settings.ts";

const CIPHERS = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" +
  "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:" +
  "DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256";
const PROTOCOLS: readonly string[] = ["TLSv1.2", "TLSv1.3"];
const OLD_PROTOCOLS: readonly string[] = ["SSLv2", "SSLv3", "TLSv1", "TLSv1.1"];

/** The profile of all hosts that have none of their own. */
export function compileDefaultProfile(reader: ConfigReader): TlsProfile {
  return {
    id: DEFAULT_TLS_PROFILE,
    protocols: readProtocols(reader),
    ciphers: reader.read(
      "ssl-ciphers",
      CIPHERS,
      "OpenSSL names of ciphers, joined by colons",
      (text) => /^[A-Za-z0-9_:+!@=.-]{1,4096}$/.test(text) ? text : undefined,
    ),
    sessionTimeoutMs: readSessionTimeout(reader),
  };
}

/** Sessions are kept in tickets, whichever of the two asks for them: the TLS libraries have no other way. */
function readSessionTimeout(reader: ConfigReader): number {
  const cache = reader.boolean("ssl-session-cache", true);
  const tickets = reader.boolean("ssl-session-tickets", false);
  const timeoutMs = reader.duration("ssl-session-timeout", 600_000);
  return cache || tickets ? timeoutMs : 0;
}

function readProtocols(reader: ConfigReader): readonly string[] {
  return reader.read("ssl-protocols", PROTOCOLS, "TLSv1.2, TLSv1.3 or both", (text) => {
    const names = text.split(/[\s,]+/);
    const unknown = names.filter((name) => !PROTOCOLS.includes(name));
    if (unknown.some((name) => !OLD_PROTOCOLS.includes(name))) return undefined;
    const spoken = PROTOCOLS.filter((name) => names.includes(name));
    if (spoken.length === 0) return undefined;
    if (unknown.length > 0) {
      reader.report("ssl-protocols", {
        reason: "ProtocolNotSupported",
        severity: "warning",
        message: `use ${unknown.join(", ")} of ssl-protocols: versions before TLSv1.2 are not spoken`,
        effect: `only ${spoken.join(" and ")} is offered`,
      });
    }
    return spoken;
  });
}
