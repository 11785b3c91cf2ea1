/**
 * The program as a child process on a temporary folder of manifests, as a user runs it.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ENTRY = fileURLToPath(new URL("../../mod.ts", import.meta.url));

/** Command line that starts the program on the runtime that the tests run on. */
export const COMMAND: readonly string[] = commandOf(ENTRY);

function commandOf(entry: string): readonly string[] {
  return "Deno" in globalThis ? [process.execPath, "run", "-A", entry] : [process.execPath, entry];
}

/** What a process left behind. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A log line in JSON. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly message: string };

/** A response, read whole. */
export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Runs the program to its end. */
export async function runToEnd(args: readonly string[]): Promise<Ended> {
  return await new Running(args).ended;
}

/** Runs the program to its end, with `input` on its standard input. */
export async function runOn(input: string, args: readonly string[]): Promise<Ended> {
  return await new Running(args, [], COMMAND, input).ended;
}

/** A child process with what it wrote so far. */
export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";
  onStderr: () => void = () => {};

  /** @param under a command that runs the one that follows it */
  constructor(
    args: readonly string[],
    under: readonly string[] = [],
    command: readonly string[] = COMMAND,
    input?: string,
  ) {
    const [program, ...first] = [...under, ...command] as [string, ...string[]];
    const stdin = input === undefined ? "ignore" : "pipe";
    this.child = spawn(program, [...first, ...args], { stdio: [stdin, "pipe", "pipe"] });
    this.child.stdin?.end(input);
    this.child.stdout!.setEncoding("utf8").on("data", (text: string) => this.stdout += text);
    this.child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.onStderr();
    });
    this.ended = new Promise((resolve) =>
      this.child.once("close", (code, signal) => {
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
        this.onStderr();
      })
    );
  }
}

/** A serving program; take it with `await using`, so that it ends with the test. */
export class Sallyport {
  readonly folder: string;
  readonly #running: Running;
  #over = false;
  ports: { readonly http: number; readonly https: number; readonly healthz: number; readonly status: number } = {
    http: 0,
    https: 0,
    healthz: 0,
    status: 0,
  };

  private constructor(
    manifests: Readonly<Record<string, string>>,
    flags: readonly string[],
    under: readonly string[] = [],
    command: readonly string[] = COMMAND,
  ) {
    this.folder = mkdtempSync(join(tmpdir(), "sallyport-"));
    for (const name in manifests) this.write(name, manifests[name]!);
    const ports = ["http", "https", "healthz", "status"].map((name) => `--${name}-port=0`);
    this.#running = new Running(
      [
        ...["--manifests", this.folder, "--bind-address=127.0.0.1", "--healthz-host=127.0.0.1"],
        ...["--log-format=json", ...ports, ...flags],
      ],
      under,
      command,
    );
    void this.#running.ended.then(() => this.#over = true);
  }

  /** Resolves when it serves. */
  static start(manifests: Readonly<Record<string, string>>, ...flags: string[]): Promise<Sallyport> {
    return Sallyport.#serving(new Sallyport(manifests, flags));
  }

  /** As {@link Sallyport.start}, with so many descriptors at most. */
  static startWithFiles(
    limit: number,
    manifests: Readonly<Record<string, string>>,
    ...flags: string[]
  ): Promise<Sallyport> {
    return Sallyport.startUnder(["sh", "-c", `ulimit -n ${limit} && exec "$@"`, "sh"], manifests, ...flags);
  }

  /** As {@link Sallyport.start}, run by a command that runs the one that follows it. */
  static startUnder(
    under: readonly string[],
    manifests: Readonly<Record<string, string>>,
    ...flags: string[]
  ): Promise<Sallyport> {
    return Sallyport.#serving(new Sallyport(manifests, flags, under));
  }

  /** As {@link Sallyport.start}, with another main module. */
  static startProgram(
    entry: URL,
    manifests: Readonly<Record<string, string>>,
    ...flags: string[]
  ): Promise<Sallyport> {
    return Sallyport.#serving(new Sallyport(manifests, flags, [], commandOf(fileURLToPath(entry))));
  }

  static async #serving(sallyport: Sallyport): Promise<Sallyport> {
    const line = await sallyport.logged((l) => l.message === "serving");
    const { http, https, healthz, status } = line as Record<string, unknown>;
    sallyport.ports = { http, https, healthz, status } as Sallyport["ports"];
    return sallyport;
  }

  get pid(): number {
    return this.#running.child.pid!;
  }

  /** Process ids of the workers; Linux only. */
  get workers(): number[] {
    const { pid } = this;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter((n) => n).map(Number);
  }

  get ended(): Promise<Ended> {
    return this.#running.ended;
  }

  /** Own log lines so far. */
  get log(): LogLine[] {
    return this.#running.stderr.split("\n").slice(0, -1).flatMap((text) => {
      try {
        return [JSON.parse(text) as LogLine];
      } catch {
        return [];
      }
    });
  }

  /** Access log so far. */
  get stdout(): string {
    return this.#running.stdout;
  }

  /** The first log line, from the `from`-th on, that fulfils `wanted`: now or later. */
  async logged(wanted: (line: LogLine) => boolean, from = 0): Promise<LogLine> {
    for (;;) {
      const found = this.log.slice(from).find(wanted);
      if (found !== undefined) return found;
      if (this.#over) throw new Error(`the program ended before it logged that:\n${this.#running.stderr}`);
      await new Promise<void>((resolve) => this.#running.onStderr = resolve);
    }
  }

  /** Reads no access log, so that sooner or later the program cannot write any. */
  pauseStdout(): void {
    this.#running.child.stdout!.pause();
  }

  /** Reads no log of its own. */
  pauseStderr(): void {
    this.#running.child.stderr!.pause();
  }

  resumeStdout(): void {
    this.#running.child.stdout!.resume();
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  remove(name: string): void {
    rmSync(join(this.folder, name));
  }

  signal(signal: NodeJS.Signals): void {
    // Not child.kill(): on Deno the child then counts as killed by that signal, however it ends.
    process.kill(this.pid, signal);
  }

  /** Sends a signal until the program has ended: one right behind another counts as the same. */
  insist(signal: NodeJS.Signals): Promise<Ended> {
    const again = setInterval(() => {
      try {
        this.signal(signal);
      } catch {
        // It has ended.
      }
    }, 50);
    return this.ended.finally(() => clearInterval(again));
  }

  /** A request to the HTTP port. */
  get(host: string, path: string): Promise<Told> {
    return ask(this.ports.http, path, { host });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) {
      try {
        this.signal("SIGKILL");
      } catch {
        // It ended meanwhile.
      }
    }
    await this.ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One request to a port on loopback, on a connection of its own. */
export function ask(port: number, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Told> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, path, agent: false, headers: { ...headers } }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => body += text).on("error", reject)
        .on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    });
    outgoing.on("error", reject).end();
  });
}

/** Service `name` in namespace default with one endpoint. */
export function serviceManifest(name: string, address: string, port: number): string {
  return `apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${name}-1, labels: {kubernetes.io/service-name: ${name}}}
addressType: IPv4
endpoints: [{addresses: ["${address}"]}]
ports: [{port: ${port}}]
---
`;
}

/** Ingress that sends all paths of `host` to port 80 of `service`. */
export function ingressManifest(name: string, host: string, service: string): string {
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ${name}}
spec:
  ingressClassName: nginx
  rules:
  - host: ${host}
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: ${service}, port: {number: 80}}}}]}
---
`;
}
