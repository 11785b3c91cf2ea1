/**
 * proxy-set-headers and add-headers: fields whose values may have variables, as nginx evaluates them.
 *
 * @module
 */
import { compileTemplate, parseTemplate } from "../../nginx/mod.ts";
import type { Logger } from "../../observe/mod.ts";
import type { Globals } from "../../snapshot/snapshot.ts";
import type { ExtraField } from "./request-fields.ts";

/** Compiles the entries; an unreadable one is logged and left out. */
export function compileExtraFields(
  key: "proxy-set-headers" | "add-headers",
  fields: Globals["headers"]["proxySetHeaders"],
  logger: Logger,
): readonly ExtraField[] {
  const compiled: ExtraField[] = [];
  for (const [name, text] of fields) {
    try {
      compiled.push({ name, value: compileTemplate(parseTemplate(text)) });
    } catch (error) {
      logger.error(`cannot read an entry of ${key}`, {
        name,
        cause: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return compiled;
}
