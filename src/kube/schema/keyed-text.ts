/**
 * `data` of ConfigMaps and Secrets: a mapping of file names to text.
 *
 * @module
 */
import * as v from "valibot";
import { isMapping, quote, wanted } from "./field.ts";
import { isConfigKey } from "./name.ts";

/** Bound of the data of a Secret or ConfigMap: 1 MiB, as in the API server. */
export const MAX_DATA_BYTES = 1024 * 1024;

/** Bound of the base64 text, with room for line breaks. */
const MAX_TEXT = MAX_DATA_BYTES * 1.5;

/** Text by key; `null` counts as empty. With `hidden`, messages never contain a value. */
export function keyedText(values: "shown" | "hidden"): v.GenericSchema<unknown, Map<string, string>> {
  return v.nullish(
    v.pipe(
      v.custom<Readonly<Record<string, unknown>>>(
        isMapping,
        values === "shown" ? wanted("a mapping") : "Invalid value: must be a mapping",
      ),
      v.rawTransform(({ dataset: { value }, addIssue, NEVER }) => {
        const map = new Map<string, string>();
        let size = 0;
        let good = true;
        for (const key of Object.keys(value)) {
          const item = value[key];
          let problem: string | undefined;
          if (!isConfigKey(key)) {
            problem = `Invalid value: ${quote(key)}: the key must be letters, digits, '-', '_' and '.'`;
          } else if (item === null) map.set(key, "");
          else if (typeof item === "string") map.set(key, item);
          else {
            const shown = values === "shown" ? `${quote(item)}: ` : "";
            problem = `Invalid value: ${shown}must be a string: put it in quotes`;
          }
          size += typeof item === "string" ? item.length : 0;
          if (size > MAX_TEXT) break;
          if (problem === undefined) continue;
          good = false;
          addIssue({ message: problem, path: [{ type: "object", origin: "value", input: value, key, value: item }] });
        }
        if (size > MAX_TEXT) {
          addIssue({ message: `Too long: must have at most ${MAX_DATA_BYTES} bytes` });
          return NEVER;
        }
        return good ? map : NEVER;
      }),
    ),
    {},
  );
}
