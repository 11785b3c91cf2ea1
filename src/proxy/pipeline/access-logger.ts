/**
 * Selects the exchanges that are logged, formats their lines, and writes them to the configured destination.
 *
 * @module
 */
import type { Exchange } from "../../http/mod.ts";
import { compilePattern, instantiate } from "../../nginx/mod.ts";
import { AccessLog, type AccessLogSink, type FileSink, fileSink, type Logger, streamSink } from "../../observe/mod.ts";
import { runtime } from "../../runtime/mod.ts";
import type { Globals } from "../../snapshot/snapshot.ts";
import { compileLogFormat, type FormatLine } from "./log-format.ts";

type Settings = Globals["accessLog"];

/** Time to write the last lines when the program ends, milliseconds. */
const CLOSE_MS = 3000;
/** Paths that mean standard output. */
const STDOUT_PATHS: ReadonlySet<string> = new Set(["", "stdout", "/dev/stdout", "/proc/self/fd/1"]);

interface Destination {
  readonly path: string;
  readonly log: AccessLog;
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** The access log of a data plane. */
export class AccessLogger {
  readonly #logger: Logger;
  readonly #stdout: AccessLogSink;
  #settings: Settings | null = null;
  #format: FormatLine | null = null;
  #skips: (target: string) => boolean = () => false;
  #destination: Destination | null = null;
  readonly #closing = new Set<Promise<void>>();

  constructor(logger: Logger, stdout: AccessLogSink | undefined) {
    this.#logger = logger;
    this.#stdout = stdout ?? streamSink(runtime().writeOutput);
  }

  /** Takes over settings; earlier lines go to the earlier destination. */
  configure(settings: Settings): void {
    const former = this.#settings;
    this.#settings = settings;
    if (former === null || former.format !== settings.format || former.escape !== settings.escape) {
      this.#format = this.#compile(settings);
    }
    this.#skips = compileSkips(settings.skipUrls, this.#logger);
    if (this.#destination?.path !== settings.path || !settings.enabled) this.#leave();
    if (settings.enabled) this.#destination ??= this.#open(settings.path);
  }

  /** Writes the line of an exchange that is over. */
  write(exchange: Exchange): void {
    const destination = this.#destination;
    if (destination === null) return;
    // access_log of a snippet replaces skip-access-log-urls, as in nginx
    const loggable = exchange.variables?.get("loggable");
    if (loggable === undefined ? this.#skips(exchange.target) : loggable === "0" || loggable === "") return;
    destination.log.write(this.#format!(exchange));
  }

  /** Opens the file again by its name; earlier lines are in the former file. */
  reopen(): Promise<void> {
    return this.#destination?.reopen() ?? Promise.resolve();
  }

  /** Resolves when all lines are written, or when the reader has not taken them for some time. */
  async close(): Promise<void> {
    this.#leave();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLate = new Promise<"too late">((resolve) => timer = setTimeout(() => resolve("too late"), CLOSE_MS));
    if (await Promise.race([Promise.all(this.#closing), tooLate]) === "too late") {
      this.#logger.warning("the last access log lines are lost: they were not written in time");
    }
    clearTimeout(timer);
  }

  #leave(): void {
    const former = this.#destination;
    if (former === null) return;
    this.#destination = null;
    const closed: Promise<void> = former.log.flush().then(() => former.close()).finally(() =>
      this.#closing.delete(closed)
    );
    this.#closing.add(closed);
  }

  #open(path: string): Destination {
    if (STDOUT_PATHS.has(path)) {
      const log = new AccessLog({ sink: this.#stdout, logger: this.#logger });
      return { path, log, reopen: () => Promise.resolve(), close: () => Promise.resolve() };
    }
    const sink = fileSink(path);
    const log = new AccessLog({ sink, logger: this.#logger });
    return { path, log, reopen: () => log.pause(() => this.#reopen(path, sink)), close: () => sink.close() };
  }

  async #reopen(path: string, sink: FileSink): Promise<void> {
    try {
      await sink.reopen();
    } catch (error) {
      this.#logger.error("cannot open the access log again: lines go on to the former file", {
        path,
        cause: error instanceof Error ? error.message : String(error),
      });
    }
  }

  #compile({ format, escape }: Settings): FormatLine {
    try {
      return compileLogFormat(format, escape);
    } catch (error) {
      this.#logger.error("cannot read log-format-upstream, the default format is used", {
        cause: error instanceof Error ? error.message : String(error),
      });
      return compileLogFormat("", escape);
    }
  }
}

/**
 * Compiles skip-access-log-urls: request URIs as in nginx's `map`, whole texts without regard to case, or `~` and `~*`
 * regexes.
 */
function compileSkips(urls: readonly string[], logger: Logger): (target: string) => boolean {
  if (urls.length === 0) return () => false;
  const whole = new Set<string>();
  const patterns: ((target: string) => boolean)[] = [];
  for (const url of urls) {
    if (!url.startsWith("~")) {
      whole.add(url.toLowerCase());
      continue;
    }
    const caseInsensitive = url.startsWith("~*");
    const result = compilePattern(url.slice(caseInsensitive ? 2 : 1), { caseInsensitive, bytes: true });
    if (result.ok) {
      const matcher = instantiate(result.pattern);
      patterns.push((target) => matcher.test(target));
    } else logger.error("cannot read an expression of skip-access-log-urls", { value: url, cause: result.message });
  }
  return (target) => whole.has(target.toLowerCase()) || patterns.some((matches) => matches(target));
}
