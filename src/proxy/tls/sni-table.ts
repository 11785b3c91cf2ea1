/**
 * Finds the certificate for a server name.
 *
 * @module
 */
import {
  CATCH_ALL,
  type Changes,
  DEFAULT_CERTIFICATE,
  type HostTls,
  type VirtualHost,
} from "../../snapshot/snapshot.ts";
import { wildcardOf } from "./server-name.ts";

/**
 * Certificates by name: exact ones, wildcards of one label (`*.rest`), and that of the catch-all host. All names are in
 * the form of `normaliseServerName`.
 */
export class SniTable {
  readonly #hosts = new Map<string, HostTls>();
  #certificates = new Map<string, string>();

  /** Applies changes of hosts. A name of two hosts belongs to the first by name. */
  apply(changes: Changes<VirtualHost>): void {
    let changed = false;
    for (const name of changes.remove) changed = this.#hosts.delete(name) || changed;
    for (const host of changes.set) {
      const former = this.#hosts.get(host.name);
      if (former !== undefined && sameTls(former, host.tls)) continue;
      if (host.tls.kind !== "terminate") {
        changed = this.#hosts.delete(host.name) || changed;
      } else {
        this.#hosts.set(host.name, host.tls);
        changed = true;
      }
    }
    if (changed) this.#certificates = register(this.#hosts);
  }

  /** Id of the certificate for a handshake; an empty name means that the client sent none. */
  certificateFor(serverName: string): string {
    return this.#registered(serverName) ?? this.#certificates.get(CATCH_ALL) ?? DEFAULT_CERTIFICATE;
  }

  /** A certificate is registered for this host itself: the exact name or `*.` and the rest. */
  has(host: string): boolean {
    return this.#registered(host) !== undefined;
  }

  #registered(name: string): string | undefined {
    if (name === "" || name === CATCH_ALL) return undefined;
    const exact = this.#certificates.get(name);
    if (exact !== undefined) return exact;
    const wildcard = wildcardOf(name);
    return wildcard === null ? undefined : this.#certificates.get(wildcard);
  }
}

function register(hosts: ReadonlyMap<string, HostTls>): Map<string, string> {
  const certificates = new Map<string, string>();
  for (const name of [...hosts.keys()].sort()) {
    const tls = hosts.get(name);
    if (tls?.kind !== "terminate") continue;
    for (const serverName of tls.serverNames) {
      if (!certificates.has(serverName)) certificates.set(serverName, tls.certificate);
    }
    // "_" is no server name; the catch-all host serves all names that are not registered.
    if (name === CATCH_ALL) certificates.set(CATCH_ALL, tls.certificate);
  }
  return certificates;
}

function sameTls(a: HostTls, b: HostTls): boolean {
  if (a.kind !== "terminate" || b.kind !== "terminate") return a.kind === b.kind;
  return a.certificate === b.certificate && a.serverNames.length === b.serverNames.length &&
    a.serverNames.every((name, i) => name === b.serverNames[i]);
}
