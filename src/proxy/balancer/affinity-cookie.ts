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
/** The last second that an HTTP-date can tell: 9999-12-31T23:59:59Z. */
const LAST_MS = 253_402_300_799_000;

/** Browsers that do not know SameSite=None, or take it for Strict: Chrome up to 6x, and all of iOS 12. */
const NO_SAME_SITE_NONE = /Chrome\/[4-6][0-9]?\.|iPhone OS 12[_ ]|iPad; CPU OS 12[_ ]/;

/** As hex digits. */
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
   * Key in the cookie of a request. Services of one host have cookies of the same name: the one of this upstream counts,
   * else, for those written otherwise, the first.
   */
  read({ request }: Exchange): string | undefined {
    const value = readCookie(request, this.#cookie.name, this.#isOurs);
    if (value === undefined || value === "") return undefined;
    const end = value.indexOf(DELIMITER);
    return end < 0 ? value : value.slice(0, end);
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

/** Paths of Ingresses are nearly always fit to stand in a cookie as they are. */
function cookiePath(path: string): string {
  return /^[\x21-\x3a\x3c-\x7e]*$/.test(path) ? path : encodePath(path).replaceAll(";", "%3B");
}
