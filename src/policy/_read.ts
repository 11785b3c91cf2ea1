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

/** Longest value in a message, characters. */
const MAX_TOLD = 120;

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

/** A key of the ConfigMap; `fallback` when it is absent or empty, or `parse` does not understand it, which is reported. */
export function configValue<T, F>(
  input: PolicyInput,
  key: string,
  fallback: F,
  wanted: string,
  parse: (text: string) => T | undefined,
): T | F {
  const text = configText(input.config, key);
  if (text === undefined) return fallback;
  const value = parse(text);
  if (value === undefined) reportConfigValue(input, key, text, wanted, "the default holds");
  return value ?? fallback;
}

/** Says that a value of the ConfigMap, or an item of one, cannot be read. */
export function reportConfigValue(input: PolicyInput, key: string, text: string, wanted: string, effect: string): void {
  input.reportConfig(key, {
    reason: "InvalidConfigValue",
    severity: "warning",
    message: `read ${key} "${text.length <= MAX_TOLD ? text : `${text.slice(0, MAX_TOLD - 3)}...`}": want ${wanted}`,
    effect,
  });
}

export function configBoolean(input: PolicyInput, key: string, fallback: boolean): boolean {
  return configValue(input, key, fallback, "true or false", parseBoolean);
}

export function configInteger(
  input: PolicyInput,
  key: string,
  fallback: number,
  min: number = 0,
  max: number = 2 ** 31 - 1,
): number {
  return configValue(
    input,
    key,
    fallback,
    `a whole number from ${min} to ${max}`,
    (text) => parseInteger(text, min, max),
  );
}

/** One of the given words, exactly. */
export function configWord<T extends string>(input: PolicyInput, key: string, words: readonly T[]): T | undefined {
  return configValue(
    input,
    key,
    undefined,
    `one of ${words.join(", ")}`,
    (text) => words.find((word) => word === text),
  );
}

/** Digits and a unit; gives bytes. */
export function configSize(input: PolicyInput, key: string): number | undefined {
  return configValue(input, key, undefined, "a size such as 8k", parseByteSize);
}

/**
 * A size in bytes of the annotation, else of the ConfigMap's key; `undefined` for anything that is no size. A value with
 * the unit `b` passes ingress-nginx's validation and is then left out, so it hides the ConfigMap's value too.
 */
export function readSize(input: PolicyInput, key: string): number | undefined {
  const own = input.annotation(key);
  return own === undefined ? configSize(input, key) : parseByteSize(own.trim());
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
