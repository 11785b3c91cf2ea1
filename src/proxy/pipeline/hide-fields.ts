/**
 * Fields of upstreams that are kept from clients.
 *
 * @module
 */
import type { Globals } from "../../snapshot/snapshot.ts";

/** Fields that nginx keeps to itself because they steer it. */
const STEERING = [
  "x-pad",
  "x-accel-expires",
  "x-accel-redirect",
  "x-accel-limit-rate",
  "x-accel-buffering",
  "x-accel-charset",
];

/** Fields of upstreams that clients do not get, lower case. */
export function compileHideFields(headers: Globals["headers"]): ReadonlySet<string> {
  const hidden = new Set([...STEERING, ...headers.hideHeaders]);
  if (!headers.allowBackendServerHeader) hidden.add("server");
  return hidden;
}
