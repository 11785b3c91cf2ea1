/**
 * Sizes in bytes: nginx (`8k`, `500M`, `1g`) and Kubernetes quantities (`64Mi`, `1.5G`).
 *
 * @module
 */

const NGINX_SIZE = /^([0-9]{1,15})([kKmMgG]?)$/;
const QUANTITY = /^([0-9]{1,12})(?:\.([0-9]{1,9}))?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$/;

const NGINX_UNITS: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const QUANTITY_UNITS: Readonly<Record<string, number>> = {
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
  Pi: 1024 ** 5,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
};

/**
 * A size as nginx writes it: digits and at most one of `k`, `m`, `g` in either case, powers of 1024; no unit: bytes.
 *
 * @returns bytes, or `undefined` when the text is something else or the number is not exact any more.
 * @see https://nginx.org/en/docs/syntax.html
 */
export function parseByteSize(text: string): number | undefined {
  const match = NGINX_SIZE.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * NGINX_UNITS[match[2]!.toLowerCase()]!;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The shortest spelling that {@link parseByteSize} reads back: `500m`, `8k`, `1023`. */
export function formatByteSize(bytes: number): string {
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw new RangeError(`Cannot format byte size "${bytes}": expected a whole number of 0 or more`);
  }
  for (const unit of ["g", "m", "k"]) {
    const factor = NGINX_UNITS[unit]!;
    if (bytes !== 0 && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}

/**
 * A Kubernetes quantity of bytes: `128Mi`, `1.5G`, `1000`. Fractions of a byte are rounded up, as Kubernetes does.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function parseQuantity(text: string): number | undefined {
  const match = QUANTITY.exec(text);
  if (match === null) return undefined;
  const unit = match[3] === undefined ? 1 : QUANTITY_UNITS[match[3]]!;
  const bytes = Math.ceil(Number(`${match[1]}.${match[2] ?? "0"}`) * unit);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
