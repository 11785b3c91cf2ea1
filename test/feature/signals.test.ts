/**
 * Signals that a running program gets: from whoever rotates logs, from service managers, by mistake.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, watch } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { CONTROL_SIGNALS, IDLE_SIGNALS, WORKER_SIGNALS } from "../../src/runtime/mod.ts";
import { COMMAND, ingressManifest, Sallyport } from "../support/sallyport.ts";

const SLOW = { timeout: 60_000 };
const LINUX = process.platform === "linux";

/** A program whose access log is a file in a folder of its own. */
async function withLogFile(workers: number, use: (program: Sallyport, log: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-log-"));
  const log = join(folder, "access.log");
  const manifest = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {access-log-path: ${log}, log-format-upstream: "$request_uri"}
---
${ingressManifest("a", "a.example", "nowhere")}`;
  try {
    await using program = await Sallyport.start(
      { "all.yaml": manifest },
      `--workers=${workers}`,
      "--configmap=default/settings",
      "--log-level=debug",
    );
    await use(program, log);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Resolves when `condition` holds, which is looked at whenever something happens in the folder of `file`. */
async function untilIn(file: string, condition: () => boolean): Promise<void> {
  const watcher = watch(join(file, ".."));
  try {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (condition()) resolve();
      };
      watcher.on("change", look).on("error", reject);
      look();
    });
  } finally {
    watcher.close();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function hasOpen(pid: number, file: string): boolean {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).some((fd) => {
    try {
      return readlinkSync(join(folder, fd)) === file;
    } catch {
      return false; // closed meanwhile
    }
  });
}

const lines = (file: string): string[] => existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];

describe("SIGUSR1", () => {
  for (const workers of LINUX ? [0, 2] : [0]) {
    it(`opens the access log again, after what was logged before, with --workers ${workers}`, SLOW, async () => {
      await withLogFile(workers, async (program, log) => {
        await program.get("a.example", "/before");
        await untilIn(log, () => lines(log).includes("/before"));
        renameSync(log, `${log}.1`);
        await program.get("a.example", "/between");
        program.signal("SIGUSR1");
        await program.logged(({ message }) => message === "log files are opened again");
        // nothing is requested meanwhile: nobody but the signal makes the file
        await untilIn(log, () => existsSync(log));
        const writers = workers === 0 ? [program.pid] : program.workers;
        while (LINUX && writers.some((pid) => hasOpen(pid, `${log}.1`))) await turn();
        await program.get("a.example", "/after");
        await untilIn(log, () => lines(log).includes("/after"));
        // a worker that had no line to write before has had no former file
        const [former, present] = [lines(`${log}.1`), lines(log)];
        if (workers === 0) assert.deepEqual([former, present], [["/before", "/between"], ["/after"]]);
        assert.equal(former[0], "/before");
        assert.equal(present.at(-1), "/after");
        assert.deepEqual([...former, ...present], ["/before", "/between", "/after"]);
      });
    });
  }

  it("is taken by a worker, too", { ...SLOW, skip: !LINUX }, async () => {
    await withLogFile(2, async (program, log) => {
      const { workers } = program;
      for (const pid of workers) {
        await program.get("a.example", "/");
        await untilIn(log, () => existsSync(log));
        renameSync(log, `${log}.1`);
        process.kill(pid, "SIGUSR1");
        await untilIn(log, () => existsSync(log));
      }
      assert.deepEqual(program.workers, workers);
    });
  });
});

describe("signals that ask for nothing", () => {
  for (const workers of LINUX ? [0, 2] : [0]) {
    it(`are without effect, with --workers ${workers}`, SLOW, async () => {
      await withLogFile(workers, async (program, log) => {
        const pids = LINUX ? program.workers : [];
        for (const signal of IDLE_SIGNALS) {
          program.signal(signal);
          await program.logged((line) => line.message === "signal without effect" && line["signal"] === signal);
        }
        for (const pid of pids) {
          for (const signal of WORKER_SIGNALS) if (signal !== "SIGUSR1") process.kill(pid, signal);
          // the answer to this one shows that it has got over the others
          rmSync(log, { force: true });
          process.kill(pid, "SIGUSR1");
          await untilIn(log, () => existsSync(log));
        }
        assert.equal((await program.get("a.example", "/")).status, 503);
        if (LINUX) assert.deepEqual(program.workers, pids);
      });
    });
  }
});

describe("SIGQUIT", () => {
  it("ends the program in good order, as nginx does", SLOW, async () => {
    await using program = await Sallyport.start({}, "--workers=0", "--shutdown-grace-period=0");
    program.signal("SIGQUIT");
    const { code, signal, stderr } = await program.ended;
    assert.deepEqual({ code, signal }, { code: 0, signal: null });
    assert.match(stderr, /"shutting down".*SIGQUIT/);
  });
});

describe("the first milliseconds", { skip: !LINUX }, () => {
  /** Is there a handler for the signal? Bit n - 1 of SigCgt, see proc_pid_status(5). */
  const caught = (pid: number, signal: keyof typeof constants.signals): boolean => {
    const mask = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
    return (BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1) & 1n) === 1n;
  };

  it("are survived from the first module on", SLOW, async () => {
    const folder = mkdtempSync(join(tmpdir(), "sallyport-"));
    const ports = ["http", "https", "healthz", "status"].map((name) => `--${name}-port=0`);
    const [program, ...first] = COMMAND as [string, ...string[]];
    const flags = ["--manifests", folder, "--workers=2", "--bind-address=127.0.0.1", ...ports];
    const child = spawn(program, [...first, ...flags], { stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const serves = new Promise<boolean>((resolve) => {
      child.stderr!.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
        if (/^.*\bserving\b/m.test(stderr)) resolve(true);
      });
      void ended.then(() => resolve(false));
    });
    try {
      const last = CONTROL_SIGNALS.at(-1)!;
      while (child.exitCode === null && !caught(child.pid!, last)) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(stderr, "", "handlers are there before anything is said");
      for (const signal of CONTROL_SIGNALS) process.kill(child.pid!, signal);
      assert.ok(await serves, stderr);
    } finally {
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true });
    }
  });

  for (const entry of ["mod.ts", "src/cli/entry.ts", "src/cli/worker-entry.ts"]) {
    it(`${entry} imports its signals before anything else`, () => {
      const text = readFileSync(new URL(`../../${entry}`, import.meta.url), "utf8");
      assert.match(/^(?:import|export)\b.*$/m.exec(text)![0], /^import ".*\/(?:control|worker)-signals\.ts";/);
    });
  }
});
