/**
 * Version of the program.
 *
 * @module
 */
import manifest from "../../package.json" with { type: "json" };

/** Defined when an executable is made (`bun build --define`). */
declare const SALLYPORT_VERSION: string | undefined;

/** Version of the executable, or else that of package.json. */
export const VERSION: string = typeof SALLYPORT_VERSION === "string" ? SALLYPORT_VERSION : manifest.version;
