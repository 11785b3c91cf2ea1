/**
 * Findings about objects, annotations and settings, as data: never thrown, never dropped.
 *
 * @module
 */

/** error: something that was asked for is not served; warning: served, but not as written; info: worth knowing. */
export type Severity = "error" | "warning" | "info";

/** Where an object was read from. Lines and columns count from 1. */
export interface SourceRef {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** Names an object as kubectl does. `namespace` is empty for cluster-wide kinds. */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** One finding about one object. */
export interface Diagnostic {
  /** CamelCase, stable, e.g. `AnnotationNotHonoured`; becomes the reason of a Kubernetes Event. */
  readonly reason: string;
  readonly severity: Severity;
  readonly object?: ObjectRef;
  /** Full annotation name, prefix included. */
  readonly annotation?: string;
  /** Path of the field as kubectl writes it, e.g. `spec.rules[0].http.paths[1].backend.service.port.number`. */
  readonly field?: string;
  /** What is wrong: the action, the value in quotes, what is wanted; no full stop. */
  readonly message: string;
  /** Consequence, e.g. `the location answers 503`. */
  readonly effect?: string;
  /**
   * Something that was asked for is not served, or is answered with 5xx, although the severity is not error; `check`
   * ends with status 1.
   */
  readonly unserved?: true;
  readonly source?: SourceRef;
}
