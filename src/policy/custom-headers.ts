/**
 * custom-headers: response fields from a ConfigMap, on every response of the paths, in place of those of the upstream.
 *
 * Only names that global-allowed-response-headers of the controller's ConfigMap lists may be used. What cannot be honoured
 * in full closes the locations: such fields often are what keeps a page safe.
 *
 * @module
 */
import { readText } from "./_read.ts";
import { isFraming, objectReference } from "./_schema.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const annotations: readonly AnnotationDeclaration[] = [{
  key: "custom-headers",
  schema: objectReference,
  scope: "location",
  risk: "Medium",
  onInvalid: "ignore",
  guardsAccess: false,
  doc:
    "`namespace/name` of a ConfigMap whose entries are set as response fields. Each name must stand in global-allowed-response-headers.",
}];

export interface CustomHeadersPolicy {
  /** Sorted by name. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

const NAME = /^[A-Za-z0-9\-_]+$/;
const VALUE = /^[\x20-\x7e]+$/;

export const customHeaders = {
  name: "custom-headers",
  scope: "location",
  phase: "access",
  sharedHooks: true,
  annotations,
  parse(input): CustomHeadersPolicy | undefined {
    const allowed = new Set(
      input.config.get("global-allowed-response-headers").split(",").map((name) => name.trim()),
    );
    const reference = readText(input, "custom-headers")?.replaceAll(" ", "");
    if (reference === undefined || reference === "") return undefined;
    const parts = reference.split("/");
    if (parts.length !== 2 || parts[0] === "" || parts[1] === "") {
      input.deny(`read custom-headers "${reference}": want namespace/name`);
      return undefined;
    }
    const data = input.configMap(parts[0]!, parts[1]!);
    if (data === undefined) {
      input.deny(`read custom-headers: there is no ConfigMap "${reference}"`);
      return undefined;
    }
    const fields: (readonly [string, string])[] = [];
    for (const [name, value] of data) {
      if (!NAME.test(name) || !allowed.has(name)) {
        input.deny(`read custom-headers "${reference}": field "${name}" is not in global-allowed-response-headers`);
        return undefined;
      }
      if (isFraming(name)) {
        input.deny(`read custom-headers "${reference}": field "${name}" is about the message or the connection itself`);
        return undefined;
      }
      if (!VALUE.test(value)) {
        input.deny(`read custom-headers "${reference}": value of "${name}" has other characters than printable ASCII`);
        return undefined;
      }
      fields.push([name, value]);
    }
    return fields.length === 0 ? undefined : { fields: fields.sort(([a], [b]) => a < b ? -1 : 1) };
  },
  hooks({ fields }) {
    return {
      response(c) {
        const { response } = c.env;
        if (response === null) return;
        for (const [name, value] of fields) response.set(name, value);
      },
    };
  },
} satisfies PolicyModule<CustomHeadersPolicy, "custom-headers">;
