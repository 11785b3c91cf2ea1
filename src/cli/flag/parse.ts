/**
 * Parses a command line into values of flags and other arguments, as Go's pflag does.
 *
 * @module
 */
import type { Flag, FlagSet, FlagValues } from "./declaration.ts";
import { nearestName } from "./nearest.ts";

/** A command line that is wrong; it ends the program with status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Result of parsing a command line. */
export interface ParsedFlags<S extends FlagSet> {
  readonly values: FlagValues<S>;
  /** Names of the flags that were given, in order of first appearance. */
  readonly given: readonly (keyof S & string)[];
  /** Arguments that are no flags, in order. */
  readonly rest: readonly string[];
}

/**
 * Reads `--flag value`, `--flag=value`, `--bool`, `--bool=false`, `-v 2`, `-v=2`, `-v2`; `--` ends the flags. Beyond
 * pflag, `true` or `false` alone behind a bool flag is its value. `otherFlags` are flags of other commands, so that the
 * message for a misplaced flag can say so.
 *
 * @throws {UsageError} that names the flag
 */
export function parseFlags<S extends FlagSet>(
  flags: S,
  args: readonly string[],
  otherFlags: FlagSet = {},
): ParsedFlags<S> {
  const values: Record<string, unknown> = {};
  for (const name in flags) values[name] = flags[name]!.default;
  const given = new Set<string>();
  const rest: string[] = [];

  const take = (name: string, spelled: string, text: string): void => {
    const flag = flags[name]!;
    let value: unknown;
    try {
      value = flag.parse(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new UsageError(`invalid value ${JSON.stringify(text)} for ${spelled}: ${error.message}`);
    }
    const before = flag.repeatable && given.has(name) ? values[name] as unknown[] : [];
    values[name] = flag.repeatable ? [...before, ...value as unknown[]] : value;
    given.add(name);
  };

  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      rest.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      rest.push(arg);
      continue;
    }
    const { name, spelled, value } = split(flags, arg, otherFlags);
    if (value !== undefined) {
      take(name, spelled, value);
      continue;
    }
    const next = args[i + 1];
    if (isBool(flags[name]!)) {
      const valued = next === "true" || next === "false";
      take(name, spelled, valued ? next : "true");
      if (valued) i++;
    } else if (next === undefined) {
      throw new UsageError(`flag ${spelled} needs a value (${flags[name]!.placeholder})`);
    } else {
      take(name, spelled, next);
      i++;
    }
  }
  return { values: values as FlagValues<S>, given: [...given], rest };
}

function isBool(flag: Flag<unknown>): boolean {
  return flag.placeholder === "";
}

/** Finds the flag that `arg` names, and the value in the same argument. */
function split(flags: FlagSet, arg: string, otherFlags: FlagSet): { name: string; spelled: string; value?: string } {
  const equals = arg.indexOf("=");
  const spelled = equals < 0 ? arg : arg.slice(0, equals);
  const value = equals < 0 ? {} : { value: arg.slice(equals + 1) };
  if (arg.startsWith("--")) {
    const name = spelled.slice(2);
    if (Object.hasOwn(flags, name)) return { name, spelled, ...value };
    throw unknown(flags, spelled, name, otherFlags);
  }
  const letter = arg[1]!;
  const name = Object.keys(flags).find((n) => flags[n]!.short === letter);
  if (name === undefined || (isBool(flags[name]!) && spelled.length > 2)) {
    throw unknown(flags, spelled, spelled.slice(1), otherFlags);
  }
  if (spelled.length > 2) return { name, spelled: `-${letter}`, value: arg.slice(2) };
  return { name, spelled, ...value };
}

function unknown(flags: FlagSet, spelled: string, name: string, otherFlags: FlagSet): UsageError {
  if (Object.hasOwn(otherFlags, name)) return new UsageError(`flag ${spelled} does not belong to this command`);
  const close = nearestName(name, Object.keys(flags));
  return new UsageError(`unknown flag ${spelled}${close === undefined ? "" : ` (did you mean --${close}?)`}`);
}
