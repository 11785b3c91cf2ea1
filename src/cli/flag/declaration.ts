/**
 * Declaration of a flag. The parser, `--help` and docs/flags.md are made from it.
 *
 * @module
 */

/** Effect of a flag that is given. */
export type FlagState =
  | "honoured"
  /** Accepted for command lines of ingress-nginx; it has nothing to change here. */
  | "no-effect"
  /** Concerns the Kubernetes API; without effect on manifests from files. */
  | "cluster-only"
  /** Known and not honoured yet; the log names it at the start. */
  | "not-yet";

/** Parses the text of a value; throws a {@link RangeError} that says what is wanted. */
export type ParseValue<T> = (text: string) => T;

/** One flag. */
export interface Flag<T> {
  /** Value when the flag is not given. */
  readonly default: T;
  /** Default in help; empty when help shows none. */
  readonly shownDefault: string;
  /** Kind of the value in help, e.g. `PORT`; empty for a bool, whose value must follow `=` or be `true` or `false`. */
  readonly placeholder: string;
  /** The flag may be given several times, and its value is the list of all. Otherwise the last one counts. */
  readonly repeatable: boolean;
  readonly parse: ParseValue<T>;
  readonly group: FlagGroup;
  readonly state: FlagState;
  /** One or two sentences: effect, unit, range. */
  readonly doc: string;
  /** Letter of the short form `-x`. */
  readonly short?: string;
}

/** Headings of `--help`, in order. */
export const FLAG_GROUPS = [
  "Manifests",
  "Listening",
  "Ingresses",
  "Logging",
  "Health, status and metrics",
  "Shutdown",
  "Kubernetes API",
  "Accepted for compatibility",
  "General",
] as const;

/** One of the headings. */
export type FlagGroup = (typeof FLAG_GROUPS)[number];

/** Flags of one command, by name without dashes. */
export type FlagSet = Readonly<Record<string, Flag<unknown>>>;

/** Values of all flags of a set. */
export type FlagValues<S extends FlagSet> = { readonly [K in keyof S]: S[K]["default"] };

/** Parts of a declaration beside its type and default. */
export interface FlagFacts {
  readonly group: FlagGroup;
  readonly doc: string;
  /** Default: `honoured`. */
  readonly state?: FlagState;
  readonly short?: string;
}
