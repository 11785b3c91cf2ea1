/**
 * The cookie of annotation affinity: `<key>|<id of the upstream>`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6265#section-4.1
 * @module
 */
import { createHash } from "node:crypto";
import { encodePath, type Exchange, readCookie } from "../../http/mod.ts";
import type { AffinityCookie } from "../../snapshot/snapshot.ts";

const DELIMITER = "|";
/** Last second that an HTTP-date can express: 9999-12-31T23:59:59Z. */
const LAST_MS = 253_402_300_799_000;

/** Browsers that ignore SameSite=None or treat it as Strict: Chrome up to 6x, and all of iOS 12. */
const NO_SAME_SITE_NONE = /Chrome\/[4-6][0-9]?\.|iPhone OS 12[_ ]|iPad; CPU OS 12[_ ]/;

/** MD5 of a text, as hex digits. */
export function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

/** Reads and writes the cookie of one upstream. */
export class CookieCodec {
  readonly #cookie: AffinityCookie;
  readonly #suffix: string;
  readonly #isOurs: (value: string) => boolean;
  readonly #nowMs: () => number;

  /** @param nowMs milliseconds since the epoch */
  constructor(upstream: string, cookie: AffinityCookie, nowMs: () => number = Date.now) {
    this.#cookie = cookie;
    const suffix = `${DELIMITER}${md5(md5(upstream) + upstream)}`;
    this.#suffix = suffix;
    this.#isOurs = (value) => value.endsWith(suffix);
    this.#nowMs = nowMs;
  }

  /**
   * Key in the cookie of a request. Several Services of a host may use one cookie name: the cookie with the id of this
   * upstream counts, and without one the first.
   */
  read({ request }: Exchange): string | undefined {
    const value = readCookie(request, this.#cookie.name, this.#isOurs);
    if (value === undefined || value === "") return undefined;
    const end = value.indexOf(DELIMITER);
    return end < 0 ? value : value.slice(0, end);
  }

  /** The cookie of a request was made for this upstream. */
  isOurs({ request }: Exchange): boolean {
    const value = readCookie(request, this.#cookie.name, this.#isOurs);
    return value !== undefined && this.#isOurs(value);
  }

  /** Value of Set-Cookie in answer to a request. */
  format(key: string, exchange: Exchange): string {
    const { name, path, domain, expiresSeconds, maxAgeSeconds, secure } = this.#cookie;
    let text = `${name}=${key}${this.#suffix}`;
    if (expiresSeconds !== null) {
      const atMs = Math.max(0, Math.min(LAST_MS, this.#nowMs() + expiresSeconds * 1000));
      text += `; Expires=${new Date(atMs).toUTCString()}`;
    }
    if (maxAgeSeconds !== null) text += `; Max-Age=${maxAgeSeconds}`;
    if (domain !== null) text += `; Domain=${domain}`;
    text += `; Path=${path ?? cookiePath(exchange.location?.path ?? "/")}`;
    if (secure || exchange.scheme === "https") text += "; Secure";
    text += "; HttpOnly";
    const sameSite = this.#sameSite(exchange);
    return sameSite === null ? text : `${text}; SameSite=${sameSite}`;
  }

  #sameSite({ request }: Exchange): AffinityCookie["sameSite"] {
    const { sameSite, conditionalSameSiteNone } = this.#cookie;
    if (sameSite !== "None" || !conditionalSameSiteNone) return sameSite;
    return knowsSameSiteNone(request.get("user-agent") ?? "") ? sameSite : null;
  }
}

/** See {@link https://www.chromium.org/updates/same-site/incompatible-clients/}. */
export function knowsSameSiteNone(userAgent: string): boolean {
  if (NO_SAME_SITE_NONE.test(userAgent)) return false;
  const safariOnMojave = userAgent.includes("Mac OS X 10_14") && userAgent.includes("Safari/") &&
    !/Chrom(?:e|ium)\//.test(userAgent);
  return !safariOnMojave;
}

/** Path attribute of a cookie; bytes that the attribute must not contain are percent-encoded. */
function cookiePath(path: string): string {
  return /^[\x21-\x3a\x3c-\x7e]*$/.test(path) ? path : encodePath(path).replaceAll(";", "%3B");
}
