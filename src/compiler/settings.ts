/**
 * What the controller's ConfigMap says about annotations.
 *
 * @module
 */
import { type ConfigReader, type Risk, RISKS } from "../policy/mod.ts";

/** How strictly annotations are judged. */
export interface AnnotationSettings {
  readonly allowSnippets: boolean;
  readonly maxRisk: Risk;
  /** Texts that no annotation value may contain. */
  readonly blocklist: readonly string[];
  readonly allowCrossNamespace: boolean;
}

/** Cuts a value to 120 characters, for messages. */
export function shorten(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 117)}...`;
}

/** True when `risk` is above `limit`. */
export function exceeds(risk: Risk, limit: Risk): boolean {
  return RISKS.indexOf(risk) > RISKS.indexOf(limit);
}

/**
 * Without --configmap, snippets and all risks are allowed, because no restriction is configured, and no configuration
 * file is generated from their text. With a ConfigMap, the defaults of ingress-nginx hold for absent keys: no snippets,
 * risks up to High.
 */
export function readAnnotationSettings(reader: ConfigReader, configured: boolean): AnnotationSettings {
  return {
    allowSnippets: configured ? reader.get("allow-snippet-annotations") : true,
    maxRisk: configured ? reader.get("annotations-risk-level") : "Critical",
    blocklist: reader.get("annotation-value-word-blocklist"),
    allowCrossNamespace: reader.get("allow-cross-namespace-resources"),
  };
}
