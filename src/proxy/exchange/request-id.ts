/**
 * Request ids: 32 random hex digits from a pool, because asking the system for 16 bytes each time costs more than the
 * rest of a request's bookkeeping.
 *
 * @module
 */
import { randomFillSync } from "node:crypto";

const ID_BYTES = 16;
const POOL_IDS = 256;

const pool = Buffer.allocUnsafeSlow(ID_BYTES * POOL_IDS);
let digits = "";
let next = POOL_IDS;

/** Returns 32 lower-case random hex digits. */
export function makeRequestId(): string {
  if (next === POOL_IDS) {
    randomFillSync(pool);
    digits = pool.toString("hex");
    next = 0;
  }
  const at = next++ * (2 * ID_BYTES);
  return digits.slice(at, at + 2 * ID_BYTES);
}
