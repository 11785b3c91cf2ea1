/**
 * What a flag is. One declaration per flag; the parser, `--help` and docs/flags.md are made from it.
 *
 * @module
 */

/** What becomes of a flag that is given. */
export type FlagState =
  | "honoured"
  /** Accepted so that command lines of ingress-nginx keep working; there is nothing here that it could change. */
  | "no-effect"
  /** Concerns the Kubernetes API; has no effect on manifests from files. */
  | "cluster-only"
  /** Known, but what it asks for does not exist yet: said at the start, by name. */
  | "not-yet";

/** Text of a value -> value; throws a {@link RangeError} that says what was wanted. */
export type ParseValue<T> = (text: string) => T;

/** One flag. */
export interface Flag<T> {
  /** In force when the flag is not given. */
  readonly default: T;
  /** Default as help shows it; empty: nothing worth showing. */
  readonly shownDefault: string;
  /** Kind of the value in help, e.g. `PORT`; empty for a bool, which takes a value only behind `=` (or `true`, `false`). */
  readonly placeholder: string;
  /** May be given several times: the value is a list, and each time adds to it. Otherwise the last one counts. */
  readonly repeatable: boolean;
  readonly parse: ParseValue<T>;
  readonly group: FlagGroup;
  readonly state: FlagState;
  /** One or two sentences: what it does, unit, range. */
  readonly doc: string;
  /** One letter for `-x`. */
  readonly short?: string;
}

/** Headings of `--help`, in its order. */
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

/** What every declaration gives beside its type and default. */
export interface FlagFacts {
  readonly group: FlagGroup;
  readonly doc: string;
  /** Default: `honoured`. */
  readonly state?: FlagState;
  readonly short?: string;
}
