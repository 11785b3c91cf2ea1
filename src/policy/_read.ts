/**
 * Reads values of annotations. With --enable-annotation-validation=false an annotation may hold any text, so each reader
 * returns `undefined` for a text that it cannot read.
 *
 * @module
 */
import { parseBoolean, parseByteSize, parseInteger } from "../unit/mod.ts";
import { CONFIG_KEYS, type ConfigKeyOf } from "./config-key.ts";
import type { ConfigReader } from "./config-reader.ts";
import type { PolicyInput } from "./contract.ts";

/** Text of an annotation, without white space around its lines. `undefined` when it is absent or empty. */
export function readText(input: PolicyInput, key: string): string | undefined {
  return trimmed(input.annotation(key));
}

/** Boolean of an annotation, as Go's strconv.ParseBool reads it. */
export function readBoolean(input: PolicyInput, key: string): boolean | undefined {
  const text = input.annotation(key);
  return text === undefined ? undefined : parseBoolean(text);
}

export function readInteger(input: PolicyInput, key: string): number | undefined {
  const text = input.annotation(key);
  return text === undefined ? undefined : parseInteger(text);
}

/**
 * A size in bytes: of the annotation, else of the ConfigMap's key. A value with the unit `b` passes ingress-nginx's
 * validation, but nginx gets no directive for it; nginx's own default then holds, which is the default of the key too.
 */
export function readSize(input: PolicyInput, key: ConfigKeyOf<number>): number {
  const own = input.annotation(key);
  return own === undefined ? input.config.get(key) : parseByteSize(own.trim()) ?? CONFIG_KEYS[key].default;
}

/** A boolean of the annotation, else of the ConfigMap's key. */
export function readFlag(input: PolicyInput, key: ConfigKeyOf<boolean>): boolean {
  return readBoolean(input, key) ?? input.config.get(key);
}

function trimmed(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const lines = text.includes("\n") ? text.trim().split("\n").map((line) => line.trim()).join("\n") : text.trim();
  return lines === "" ? undefined : lines;
}

/**
 * Makes a `parse` that returns the same object for all Ingresses without any of its annotations, so that defaults take
 * no memory. `build` may depend on the annotations and the ConfigMap only.
 */
export function sharedDefaults<P>(
  keys: readonly string[],
  build: (input: PolicyInput) => P,
): (input: PolicyInput) => P {
  const defaults = new WeakMap<ConfigReader, { readonly value: P }>();
  return (input) => {
    for (const key of keys) {
      if (input.annotation(key) !== undefined) return build(input);
    }
    let known = defaults.get(input.config);
    if (known === undefined) defaults.set(input.config, known = { value: build(input) });
    return known.value;
  };
}
