/**
 * Tells addresses that lead back to a listener of this program.
 *
 * @module
 */
import { networkInterfaces } from "node:os";
import { canonicalIp, isLoopback, parseIp } from "../../net/mod.ts";

const ANY: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** True when a connection to `address` arrives at a listener on `listened`, on the same port. */
export function arrivesAt(address: string, listened: string): boolean {
  const to = canonicalIp(address) ?? address;
  const at = canonicalIp(listened) ?? listened;
  if (to === at) return true;
  // a connection to the unspecified address reaches this machine
  if (ANY.has(to)) return ANY.has(at) || isLocal(at);
  return ANY.has(at) && isLocal(to);
}

function isLocal(address: string): boolean {
  const words = parseIp(address);
  if (words !== undefined && isLoopback(words)) return true;
  for (const each of Object.values(networkInterfaces())) {
    for (const known of each ?? []) if (canonicalIp(known.address) === address) return true;
  }
  return false;
}
