/**
 * Runs the command that the arguments name, prints its error, and returns the exit status.
 *
 * @module
 */
import { EXIT_FAILURE, EXIT_USAGE, FatalError } from "./exit.ts";
import { nearestName } from "./flag/nearest.ts";
import { UsageError } from "./flag/parse.ts";
import { writeAll } from "./output.ts";

/** A command: takes its own arguments, and resolves to the exit status. */
export type Command = (args: readonly string[]) => Promise<number>;

/** Commands; each is loaded when it is used, so that `run` starts fast. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import("./run.ts")).run,
  check: async () => (await import("./check.ts")).check,
  echo: async () => (await import("./echo/echo.ts")).echo,
  version: () => Promise.resolve(version),
  help: () => Promise.resolve(help),
};

/** Commands that the program uses to start its own processes. */
const HIDDEN: Readonly<Record<string, () => Promise<Command>>> = {
  worker: async () => (await import("./worker.ts")).worker,
};

async function version(): Promise<number> {
  return (await import("./help.ts")).printVersion();
}

/** The command `help`, alone or with the name of a command. */
async function help([name = ""]: readonly string[]): Promise<number> {
  const command = await load(COMMANDS, name === "" || name.startsWith("-") || name === "help" ? "run" : name);
  return await command(["--help"]);
}

/** @throws {UsageError} when there is no such command */
function load(commands: typeof COMMANDS, name: string): Promise<Command> {
  if (Object.hasOwn(commands, name)) return commands[name]!();
  const close = nearestName(name, Object.keys(COMMANDS));
  throw new UsageError(`unknown command ${name}${close === undefined ? "" : ` (did you mean ${close}?)`}`);
}

/** Runs `run` when no command is given. Messages go to standard error, with the program's name in front. */
export async function main(args: readonly string[]): Promise<number> {
  const [first] = args;
  const named = first !== undefined && !first.startsWith("-");
  const name = named ? first : "run";
  try {
    const command = await load({ ...COMMANDS, ...HIDDEN }, name);
    return await command(named ? args.slice(1) : args);
  } catch (error) {
    if (error instanceof UsageError) {
      printError(`${error.message}\nTry: sallyport ${named && Object.hasOwn(COMMANDS, name) ? `${name} ` : ""}--help`);
      return EXIT_USAGE;
    }
    if (error instanceof FatalError) printError(error.message);
    else printError(error instanceof Error ? error.stack ?? error.message : String(error));
    return EXIT_FAILURE;
  }
}

function printError(message: string): void {
  writeAll(2, `sallyport: ${message}\n`);
}
