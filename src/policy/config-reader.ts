/**
 * The one reader of the controller's ConfigMap. It knows the keys from their declarations; a value that cannot be read is
 * reported and counts as not given.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import { nearest } from "../unit/mod.ts";
import {
  CONFIG_KEYS,
  type ConfigKey,
  type ConfigKeyOf,
  type ConfigValue,
  type ListKey,
  UNHONOURED_KEYS,
  type ValueKey,
} from "./config-key.ts";

/** What is wrong with a key, without the object and the field. */
export type ConfigFinding = Pick<Diagnostic, "reason" | "severity" | "message" | "effect">;

/** Takes findings about a key. */
export type ReportConfig = (key: string, finding: ConfigFinding) => void;

/** Longest value in a message, characters. */
const MAX_SHOWN = 120;

/** Reads one version of the ConfigMap. */
export class ConfigReader {
  readonly #data: ReadonlyMap<string, string>;
  readonly #report: ReportConfig;
  readonly #reported = new Set<string>();

  /** @param report called once for each finding, however often its key is read */
  constructor(data: ReadonlyMap<string, string>, report: ReportConfig) {
    this.#data = data;
    this.#report = report;
  }

  /** Value of the key. Default: `fallback`, or that of the declaration. */
  get<K extends ConfigKey>(key: K, fallback: ConfigValue<K> = CONFIG_KEYS[key].default): ConfigValue<K> {
    const declared: ValueKey<unknown> | ListKey = CONFIG_KEYS[key];
    const found = declared.kind === "list" ? this.#list(key, declared) : this.#value(key, declared);
    // the declaration of the key gives both the value and its type
    return found === undefined ? fallback : found as ConfigValue<K>;
  }

  /**
   * Value of a key of text that `parse` reads further. Default: what `parse` makes of the declared default.
   *
   * @param wanted completes "want ..."
   */
  parsed<T>(key: ConfigKeyOf<string>, wanted: string, parse: (text: string) => T | undefined): T | undefined {
    const text = this.get(key);
    const value = parse(text);
    if (value !== undefined) return value;
    this.reportValue(key, text, wanted, "the default holds");
    return parse(CONFIG_KEYS[key].text);
  }

  /** Reports a finding about the key. */
  report(key: ConfigKey, finding: ConfigFinding): void {
    this.#reportOnce(key, finding);
  }

  /** Reports that a value of the key, or an item of it, cannot be read. */
  reportValue(key: ConfigKey, text: string, wanted: string, effect: string): void {
    this.#reportInvalid(key, `read ${key} "${shorten(text)}": want ${wanted}`, effect);
  }

  /** Reports the keys that are not honoured. Gives the reason to answer every request with 503, if one keeps requests out. */
  reportUnhonoured(): string | null {
    let closed: string | null = null;
    for (const [key, value] of this.#data) {
      if (Object.hasOwn(CONFIG_KEYS, key)) continue;
      if (!Object.hasOwn(UNHONOURED_KEYS, key)) {
        this.#reportUnknown(key);
        continue;
      }
      const { text, concerns } = UNHONOURED_KEYS[key]!;
      const given = value.trim();
      if (given === "" || given === text || concerns === "cluster") continue;
      const message = concerns === "tuning"
        ? `read ${key}: it tunes what is not used here`
        : `read ${key}: it is not honoured yet`;
      if (concerns === "guard") closed ??= message;
      this.#reportOnce(key, {
        reason: "ConfigKeyNotHonoured",
        severity: concerns === "guard" ? "error" : concerns === "tuning" ? "info" : "warning",
        message,
        effect: concerns === "guard" ? "everything answers 503, for it may keep requests out" : "it has no effect",
      });
    }
    return closed;
  }

  #value<T>(key: ConfigKey, { parse, wanted, invalid }: ValueKey<T>): T | undefined {
    const text = this.#data.get(key)?.trim();
    if (text === undefined || text === "") return undefined;
    const value = parse(text);
    if (value !== undefined) return value;
    this.reportValue(key, text, wanted, invalid?.effect ?? "the default holds");
    return invalid?.value;
  }

  #list(key: ConfigKey, { accept, wanted }: ListKey): readonly string[] | undefined {
    return this.#data.get(key)?.split(",").map((part) => part.trim()).filter((item) => {
      if (item === "" || accept(item)) return item !== "";
      this.#reportInvalid(key, `read "${shorten(item)}" of ${key}: want ${wanted}`, "the entry is left out");
      return false;
    });
  }

  #reportUnknown(key: string): void {
    const like = nearest(key, [...Object.keys(CONFIG_KEYS), ...Object.keys(UNHONOURED_KEYS)].sort());
    this.#reportOnce(key, {
      reason: "UnknownConfigKey",
      severity: "warning",
      message: `read "${shorten(key)}": unknown key${like === undefined ? "" : `; the nearest known one is ${like}`}`,
      effect: "it has no effect",
    });
  }

  #reportInvalid(key: ConfigKey, message: string, effect: string): void {
    this.#reportOnce(key, { reason: "InvalidConfigValue", severity: "warning", message, effect });
  }

  #reportOnce(key: string, finding: ConfigFinding): void {
    const id = `${key}\n${finding.message}`;
    if (this.#reported.has(id)) return;
    this.#reported.add(id);
    this.#report(key, finding);
  }
}

function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN - 3)}...`;
}
