/**
 * Annotations of one Ingress: which ones belong to this controller, whether they are allowed, and their values.
 *
 * @module
 */
import * as v from "valibot";
import type { Diagnostic } from "../../diagnostic.ts";
import type { Ingress } from "../../kube/mod.ts";
import { type AnnotationDeclaration, findAnnotation, findKnown, knownAnnotations } from "../../policy/mod.ts";
import { compareText } from "../../snapshot/mod.ts";
import { nearest, parseBoolean } from "../../unit/mod.ts";
import { diagnose } from "../diagnose.ts";
import { misplaced, readForeignAnnotation } from "./foreign-annotation.ts";
import { type AnnotationSettings, exceeds, shorten } from "../settings.ts";

/** Result of reading the annotations. */
export interface AnnotationReading {
  /** By declared key (aliases resolved), values that hold. */
  readonly values: ReadonlyMap<string, string>;
  /** Why the Ingress may not be loaded; the last good version stays. */
  readonly rejected: Diagnostic | undefined;
  /** Why all its locations answer 503; `null` in the normal case. */
  readonly denied: string | null;
  /** The Ingress is a canary, which gets no locations of its own. */
  readonly canary: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

interface Options {
  /** Without the slash. */
  readonly annotationsPrefix: string;
  readonly enableAnnotationValidation: boolean;
  readonly enableSslPassthrough: boolean;
}

const DENIES = "all locations of the Ingress answer 503";
const NO_VALUES: ReadonlyMap<string, string> = new Map();
const NOTHING: AnnotationReading = {
  values: NO_VALUES,
  rejected: undefined,
  denied: null,
  canary: false,
  diagnostics: [],
};

/** Our annotations without their prefix, in order of key. */
function ownAnnotations(ingress: Ingress, prefix: string): [key: string, text: string][] {
  const own: [string, string][] = [];
  const start = `${prefix}/`;
  const { annotations } = ingress.metadata;
  for (const name in annotations) {
    if (name.startsWith(start)) own.push([name.slice(start.length), annotations[name]!]);
  }
  return own.sort(([a], [b]) => compareText(a, b));
}

/** Reads the annotations of one Ingress; never throws. */
export function readAnnotations(
  ingress: Ingress,
  settings: AnnotationSettings,
  options: Options,
): AnnotationReading {
  const own = ownAnnotations(ingress, options.annotationsPrefix);
  const foreign = foreignAnnotations(ingress, options.annotationsPrefix);
  const reading = own.length === 0 ? NOTHING : new Reader(ingress, settings, options).read(own);
  return foreign.length === 0 ? reading : { ...reading, diagnostics: [...reading.diagnostics, ...foreign] };
}

const NO_DIAGNOSTICS: readonly Diagnostic[] = [];

/** Diagnostics about annotations that are not read. */
function foreignAnnotations(ingress: Ingress, prefix: string): readonly Diagnostic[] {
  const start = `${prefix}/`;
  let found: Diagnostic[] | undefined;
  const { annotations } = ingress.metadata;
  for (const name in annotations) {
    if (name.startsWith(start)) continue;
    const foreign = readForeignAnnotation(name, prefix);
    if (foreign === undefined) continue;
    const { severity, why, effect } = foreign;
    const message = `read ${shorten(name)}: ${why}`;
    found ??= [];
    found.push(diagnose(ingress, { reason: "AnnotationNotHonoured", severity, annotation: name, message, effect }));
  }
  const { labels } = ingress.metadata;
  for (const name in labels) {
    if (!name.startsWith(start)) continue;
    const { severity, effect } = misplaced(name.slice(start.length));
    const field = `metadata.labels[${name}]`;
    const message = `read ${shorten(name)}: it is a label; want an annotation`;
    found ??= [];
    found.push(diagnose(ingress, { reason: "AnnotationNotHonoured", severity, field, message, effect }));
  }
  return found ?? NO_DIAGNOSTICS;
}

/** One name is often misspelt in many Ingresses. Bounded, for names come from users. */
const remembered = new Map<string, string | undefined>();

function nearestKnown(key: string): string | undefined {
  if (remembered.has(key)) return remembered.get(key);
  if (remembered.size >= 1000) remembered.clear();
  const like = nearest(key, knownAnnotations.map((each) => each.key));
  remembered.set(key, like);
  return like;
}

class Reader {
  readonly #values = new Map<string, string>();
  readonly #diagnostics: Diagnostic[] = [];
  #rejected: Diagnostic | undefined;
  #denied: string | null = null;
  #canary = false;

  constructor(readonly ingress: Ingress, readonly settings: AnnotationSettings, readonly options: Options) {}

  read(own: readonly (readonly [string, string])[]): AnnotationReading {
    for (const [key, text] of own) {
      if (key.endsWith("-snippet") && !this.settings.allowSnippets) {
        this.#report(
          key,
          "SnippetNotAllowed",
          "warning",
          `read ${key}: allow-snippet-annotations is false`,
          "it is left out",
        );
        continue;
      }
      if (this.#forbidden(key, text)) continue;
      const found = findAnnotation(key);
      if (found === undefined) this.#undeclared(key, text);
      else this.#declared(found.declaration, key, text);
    }
    return {
      values: this.#values,
      rejected: this.#rejected,
      denied: this.#denied,
      canary: this.#canary,
      diagnostics: this.#diagnostics,
    };
  }

  /** Words and risks that the administrator has ruled out. */
  #forbidden(key: string, text: string): boolean {
    const word = this.settings.blocklist.find((each) => text.includes(each));
    if (word !== undefined) {
      this.#reject(
        key,
        "AnnotationValueBlocked",
        `read ${key}: its value contains "${shorten(word)}" of annotation-value-word-blocklist`,
      );
      return true;
    }
    const risk = findAnnotation(key)?.declaration.risk ?? findKnown(key)?.risk;
    if (risk !== undefined && exceeds(risk, this.settings.maxRisk)) {
      this.#reject(
        key,
        "AnnotationTooRisky",
        `read ${key}: its risk is ${risk}, above annotations-risk-level ${this.settings.maxRisk}`,
      );
      return true;
    }
    return false;
  }

  #declared(declaration: AnnotationDeclaration, key: string, text: string): void {
    // a former name counts only where the present one is not given
    const winner = key === declaration.key ? undefined : this.#givenBefore(declaration, key);
    if (winner !== undefined) {
      if (this.ingress.metadata.annotations[this.#full(winner)] === text) return;
      const message = `read ${key}: it is another name of ${winner}, which is given, too`;
      return this.#report(key, "AnnotationWithoutEffect", "warning", message, "it has no effect");
    }
    const deny = declaration.onInvalid === "deny-location" || declaration.guardsAccess;
    if (text.trim() === "" && !deny) {
      this.#report(key, "InvalidAnnotation", "warning", `read ${key} "": it is empty`, "it counts as not given");
      return;
    }
    if (this.options.enableAnnotationValidation) {
      const result = v.safeParse(declaration.schema, text);
      if (!result.success) return this.#invalid(declaration, key, text, result.issues[0].message);
    }
    this.#values.set(declaration.key, text);
  }

  /** The name that counts in place of an alias. */
  #givenBefore(declaration: AnnotationDeclaration, alias: string): string | undefined {
    const { annotations } = this.ingress.metadata;
    for (const name of [declaration.key, ...declaration.aliases ?? []]) {
      if (name === alias) return undefined;
      if ((annotations[this.#full(name)] ?? "").trim() !== "") return name;
    }
    return undefined;
  }

  #invalid(declaration: AnnotationDeclaration, key: string, text: string, wanted: string): void {
    const message = `read ${key} "${shorten(text)}": ${wanted}`;
    switch (declaration.onInvalid) {
      case "ignore":
        if (declaration.guardsAccess) return this.#deny(key, "InvalidAnnotation", message);
        if (declaration.invalidCountsAs !== undefined) {
          this.#values.set(declaration.key, declaration.invalidCountsAs);
          return this.#report(
            key,
            "InvalidAnnotation",
            "warning",
            message,
            `it counts as "${declaration.invalidCountsAs}"`,
          );
        }
        return this.#report(key, "InvalidAnnotation", "warning", message, "it counts as not given");
      case "drop-ingress":
        return this.#reject(key, "InvalidAnnotation", message);
      case "deny-location":
        return this.#deny(key, "InvalidAnnotation", message);
      default:
        return declaration.onInvalid satisfies never;
    }
  }

  /** Names that no policy declares. */
  #undeclared(key: string, text: string): void {
    const known = findKnown(key);
    if (known === undefined) {
      const like = nearestKnown(key);
      const hint = like === undefined ? "" : `; the nearest known one is ${this.#full(like)}`;
      return this.#report(
        key,
        "AnnotationNotHonoured",
        "warning",
        `read ${shorten(key)}: unknown annotation${hint}`,
        "it has no effect",
      );
    }
    if (known.inert?.includes(text.trim()) === true) return;
    if (known.removed === true) {
      return this.#report(
        key,
        "AnnotationNotHonoured",
        "warning",
        `read ${key}: ingress-nginx has dropped it`,
        "it has no effect",
      );
    }
    if (key === "canary" && parseBoolean(text) === true) {
      this.#canary = true;
      return this.#report(
        key,
        "AnnotationNotHonoured",
        "error",
        "read canary: canary Ingresses are not honoured yet",
        "the Ingress is not served, its hosts and paths stay with the primary one",
      );
    }
    if (known.flag !== undefined && !this.options.enableSslPassthrough) {
      return this.#report(
        key,
        "AnnotationNotHonoured",
        "info",
        `read ${key}: --${known.flag} is not given`,
        "TLS is terminated here, as in ingress-nginx without the flag",
      );
    }
    const message = `read ${key}: it is not honoured yet`;
    if (known.guardsAccess) return this.#deny(key, "AnnotationNotHonoured", message);
    this.#report(key, "AnnotationNotHonoured", "warning", message, "it has no effect");
  }

  #deny(key: string, reason: string, message: string): void {
    this.#denied ??= message;
    this.#report(key, reason, "error", message, DENIES);
  }

  #reject(key: string, reason: string, message: string): void {
    this.#rejected ??= diagnose(this.ingress, {
      reason,
      severity: "error",
      annotation: this.#full(key),
      message,
    });
  }

  #report(key: string, reason: string, severity: Diagnostic["severity"], message: string, effect: string): void {
    this.#diagnostics.push(
      diagnose(this.ingress, { reason, severity, annotation: this.#full(key), message, effect }),
    );
  }

  #full(key: string): string {
    return `${this.options.annotationsPrefix}/${key}`;
  }
}
