/**
 * Which sallyport this is.
 *
 * @module
 */
import manifest from "../../package.json" with { type: "json" };

/** Put in place of this name when an executable is made (`bun build --define`). */
declare const SALLYPORT_VERSION: string | undefined;

/** Stamped version of an executable, else that of package.json. */
export const VERSION: string = typeof SALLYPORT_VERSION === "string" ? SALLYPORT_VERSION : manifest.version;
