/**
 * A worker with a policy family of its own: it counts requests over all workers, and answers with the level and its process
 * id. `/peek` looks without counting; `/hold` adds to a count that does not leak.
 *
 * @module
 */
import process from "node:process";
import { stderrLogger } from "../../src/observe/mod.ts";
import type { PolicyModule } from "../../src/policy/mod.ts";
import { runtime } from "../../src/runtime/mod.ts";
import { runWorker } from "../../src/worker/mod.ts";

const counting: PolicyModule<unknown> = {
  name: "counting",
  scope: "location",
  phase: "rewrite",
  annotations: [],
  parse: () => undefined,
  hooks(_policy, { state }) {
    const leaking = state.counts("requests", { leakPerSecond: 0.001 });
    const held = state.counts("held");
    return {
      request({ env: { path } }) {
        if (path === "/count") leaking.add("all", 1);
        if (path === "/hold") held.add("all", 1);
        const body = { requests: Math.round(leaking.level("all")), held: held.level("all"), pid: process.pid };
        return { status: 200, body: JSON.stringify(body), contentType: "application/json" };
      },
    };
  },
};

runWorker(stderrLogger("text", "warning", runtime().errorOutput).logger, { modules: [counting] });
