/**
 * What the controller's ConfigMap says about annotations, and the reader that all its keys go through.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import type { ConfigMap } from "../kube/mod.ts";
import { parseBoolean, parseByteSize, parseDuration, parseInteger } from "../unit/mod.ts";
import type { Risk } from "../policy/mod.ts";
import { refOf } from "./diagnose.ts";

/** How strictly annotations are judged. */
export interface AnnotationSettings {
  readonly allowSnippets: boolean;
  readonly maxRisk: Risk;
  /** Texts that no annotation value may contain. */
  readonly blocklist: readonly string[];
  readonly allowCrossNamespace: boolean;
}

/**
 * Data of the ConfigMap that remembers which keys were asked for: those nobody asks for are not honoured, and the user is
 * told.
 */
export class ConfigData extends Map<string, string> {
  readonly asked: Set<string> = new Set();

  override get(key: string): string | undefined {
    this.asked.add(key);
    return super.get(key);
  }

  /** A value without noting that it was asked for. */
  peek(key: string): string | undefined {
    return super.get(key);
  }
}

/** Reads keys with their defaults; what cannot be read is reported and counts as not given. */
export class ConfigReader {
  readonly diagnostics: Diagnostic[] = [];

  constructor(readonly data: ConfigData, readonly object: ConfigMap | undefined) {}

  /** `fallback` when the key is absent, or empty, or `parse` does not understand it. */
  read<T>(key: string, fallback: T, wanted: string, parse: (text: string) => T | undefined): T {
    const text = this.data.get(key);
    if (text === undefined) return fallback;
    const trimmed = text.trim();
    if (trimmed === "") return fallback;
    const value = parse(trimmed);
    if (value !== undefined) return value;
    this.report(key, {
      reason: "InvalidConfigValue",
      severity: "warning",
      message: `read ${key} "${shorten(trimmed)}": want ${wanted}`,
      effect: "the default holds",
    });
    return fallback;
  }

  boolean(key: string, fallback: boolean): boolean {
    return this.read(key, fallback, "true or false", parseBoolean);
  }

  integer(key: string, fallback: number, min: number = 0, max: number = 2 ** 31 - 1): number {
    return this.read(
      key,
      fallback,
      `a whole number from ${min} to ${max}`,
      (text) => parseInteger(text, min, max),
    );
  }

  /** Whole seconds; gives milliseconds. */
  seconds(key: string, fallbackMs: number): number {
    return this.read(key, fallbackMs, "whole seconds", (text) => {
      const seconds = parseInteger(text, 0, 2 ** 31 - 1);
      return seconds === undefined ? undefined : seconds * 1000;
    });
  }

  /** A time of nginx such as `1h30m`; gives milliseconds. */
  duration(key: string, fallbackMs: number): number {
    return this.read(key, fallbackMs, "a time such as 10s or 1h", parseDuration);
  }

  size(key: string, fallbackBytes: number): number {
    return this.read(key, fallbackBytes, "a size such as 8k", parseByteSize);
  }

  text(key: string, fallback: string): string {
    return this.read(key, fallback, "text", (text) => text);
  }

  oneOf<T extends string>(key: string, fallback: T, values: readonly T[]): T {
    return this.read(key, fallback, `one of ${values.join(", ")}`, (text) => values.find((value) => value === text));
  }

  /** Items between commas, without the white space around them; those that `accept` refuses are reported and left out. */
  list(
    key: string,
    fallback: readonly string[],
    wanted: string = "text",
    accept: (item: string) => boolean = () => true,
  ): readonly string[] {
    const text = this.data.get(key);
    if (text === undefined) return fallback;
    const items: string[] = [];
    for (const item of text.split(",").map((part) => part.trim())) {
      if (item === "") continue;
      if (accept(item)) {
        items.push(item);
        continue;
      }
      this.report(key, {
        reason: "InvalidConfigValue",
        severity: "warning",
        message: `read "${shorten(item)}" of ${key}: want ${wanted}`,
        effect: "the entry is left out",
      });
    }
    return items;
  }

  report(key: string, finding: Pick<Diagnostic, "reason" | "severity" | "message" | "effect">): void {
    const where = this.object === undefined ? {} : { object: refOf(this.object), source: this.object.source };
    const field = `data.${key}`;
    // several policies may read one key
    const told = this.diagnostics.some((each) => each.field === field && each.message === finding.message);
    if (!told) this.diagnostics.push({ ...finding, ...where, field });
  }
}

/** For messages. */
export function shorten(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 117)}...`;
}

const RISKS: readonly Risk[] = ["Low", "Medium", "High", "Critical"];

/** True when `risk` is above `limit`. */
export function exceeds(risk: Risk, limit: Risk): boolean {
  return RISKS.indexOf(risk) > RISKS.indexOf(limit);
}

/**
 * Without --configmap nobody has said anything, and snippets are on: nothing is generated from their text. With one, the
 * defaults of ingress-nginx hold for keys that are not set: no snippets, risks up to High.
 */
export function readAnnotationSettings(reader: ConfigReader, configured: boolean): AnnotationSettings {
  return {
    allowSnippets: reader.boolean("allow-snippet-annotations", !configured),
    maxRisk: reader.read<Risk>(
      "annotations-risk-level",
      configured ? "High" : "Critical",
      RISKS.join(", "),
      // a word that is none of these must not open what the author wanted closed
      (text) =>
        RISKS.find((risk) => risk === text) ?? (reader.report("annotations-risk-level", {
          reason: "InvalidConfigValue",
          severity: "warning",
          message: `read annotations-risk-level "${shorten(text)}": want one of ${RISKS.join(", ")}`,
          effect: "annotations of risk Low only are accepted",
        }),
          "Low"),
    ),
    blocklist: reader.list("annotation-value-word-blocklist", []),
    allowCrossNamespace: reader.boolean("allow-cross-namespace-resources", false),
  };
}
