/**
 * server-alias: further names of every host of the Ingress (nginx server_name).
 *
 * The compiler reads the policy and makes {@link HostName}s of it; no hooks.
 *
 * @module
 */
import * as v from "valibot";
import { readText } from "./_read.ts";
import type { AnnotationDeclaration, PolicyModule } from "./contract.ts";

const ALIAS = /^[A-Za-z0-9\-._~/:^$[\](){}*+?|&=\\]*$/;

const annotations: readonly AnnotationDeclaration[] = [{
  key: "server-alias",
  schema: v.pipe(
    v.string(),
    v.check(
      (text) => split(text).every((alias) => ALIAS.test(alias)),
      "want names, wildcards or regular expressions beginning with ~, separated by commas",
    ),
  ),
  scope: "host",
  risk: "High",
  onInvalid: "drop-ingress",
  guardsAccess: false,
  doc:
    "Further names of the host, separated by commas: exact, `*.a.example`, `www.a.*`, or `~` and a regular expression. Rule hosts of other Ingresses win.",
}];

export interface ServerAliasPolicy {
  /** As written, without white space; sorted, without duplicates, never empty. */
  readonly aliases: readonly string[];
}

function split(text: string): string[] {
  return text.split(",").map((alias) => alias.trim()).filter((alias) => alias !== "");
}

export const serverAlias = {
  name: "server-alias",
  scope: "host",
  phase: "rewrite",
  compilerOnly: true,
  annotations,
  parse(input): ServerAliasPolicy | undefined {
    const aliases = [...new Set(split(readText(input, "server-alias") ?? ""))].sort();
    return aliases.length === 0 ? undefined : { aliases };
  },
} satisfies PolicyModule<ServerAliasPolicy, "server-alias">;
