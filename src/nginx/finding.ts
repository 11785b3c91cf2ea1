/**
 * Findings about snippets, with their places.
 *
 * @module
 */
import type { Severity } from "../diagnostic.ts";
import type { Position } from "./syntax/mod.ts";

/**
 * - `SnippetSyntax`: no nginx configuration, or none that nginx would take (unknown directive or variable, wrong place,
 *   wrong number of parameters, a value it would refuse);
 * - `DuplicateLocation`: a location block that an equal one comes before;
 * - `LocationWithoutEffect`: a location block that never gets a request, because others take all of its paths;
 * - `DirectiveNotHonoured`: nginx knows it, we do not do it;
 * - `DirectiveRefused`: it would reach beyond this host's requests and responses (files, code, sockets);
 * - `DirectiveWithoutEffect`: accepted, and there is nothing to do here;
 * - `VariableWithoutValue`: nginx knows the variable, and here it is always empty.
 */
export type FindingReason =
  | "SnippetSyntax"
  | "DuplicateLocation"
  | "LocationWithoutEffect"
  | "DirectiveNotHonoured"
  | "DirectiveRefused"
  | "DirectiveWithoutEffect"
  | "VariableWithoutValue";

export interface Finding extends Position {
  readonly reason: FindingReason;
  readonly severity: Severity;
  /** Name of the directive; empty when it is not about one. */
  readonly directive: string;
  readonly message: string;
  /** Effect of the finding; empty when there is none. */
  readonly effect: string;
}
