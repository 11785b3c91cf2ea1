/**
 * Annotation and ConfigMap texts -> values. With --enable-annotation-validation=false anything may come in, so each
 * reader takes any text and says `undefined` to what it cannot read.
 *
 * @module
 */
import { parseBoolean, parseByteSize, parseInteger } from "../unit/mod.ts";
import type { PolicyInput } from "./contract.ts";

/** Data of the controller's ConfigMap. */
export type Config = ReadonlyMap<string, string>;

/** White space around every line is removed. `undefined` when absent or when nothing is left. */
export function readText(input: PolicyInput, key: string): string | undefined {
  return trimmed(input.annotation(key));
}

/** As Go's strconv.ParseBool reads it. */
export function readBoolean(input: PolicyInput, key: string): boolean | undefined {
  const text = input.annotation(key);
  return text === undefined ? undefined : parseBoolean(text);
}

export function readInteger(input: PolicyInput, key: string): number | undefined {
  const text = input.annotation(key);
  return text === undefined ? undefined : parseInteger(text);
}

export function configText(config: Config, key: string): string | undefined {
  return trimmed(config.get(key));
}

export function configBoolean(config: Config, key: string, fallback: boolean): boolean {
  return parseBoolean(config.get(key) ?? "") ?? fallback;
}

export function configInteger(config: Config, key: string, fallback: number): number {
  return parseInteger(config.get(key) ?? "") ?? fallback;
}

/**
 * A size in bytes of the annotation, else of the ConfigMap's key; `undefined` for anything that is no size. A value with
 * the unit `b` passes ingress-nginx's validation and is then left out, so it hides the ConfigMap's value too.
 */
export function readSize(input: PolicyInput, key: string, configKey: string = key): number | undefined {
  return parseByteSize((input.annotation(key) ?? input.config.get(configKey) ?? "").trim());
}

function trimmed(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const lines = text.includes("\n") ? text.trim().split("\n").map((line) => line.trim()).join("\n") : text.trim();
  return lines === "" ? undefined : lines;
}

/**
 * Makes a `parse` that gives all Ingresses without any of its annotations the same object, so that defaults cost no
 * memory. `build` may depend on the annotations and the ConfigMap only.
 */
export function sharedDefaults<P>(
  keys: readonly string[],
  build: (input: PolicyInput) => P,
): (input: PolicyInput) => P {
  const defaults = new WeakMap<Config, { readonly value: P }>();
  return (input) => {
    for (const key of keys) {
      if (input.annotation(key) !== undefined) return build(input);
    }
    let known = defaults.get(input.config);
    if (known === undefined) defaults.set(input.config, known = { value: build(input) });
    return known.value;
  };
}
