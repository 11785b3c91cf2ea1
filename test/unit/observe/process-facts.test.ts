import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { describe, it } from "node:test";
import { availableCores } from "../../../src/observe/mod.ts";

describe("availableCores()", () => {
  const all = availableParallelism();
  const rows: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
    ["is that of the machine without a cgroup", {}, all],
    ["is that of the machine without a limit", { "/sys/fs/cgroup/cpu.max": "max 100000\n" }, all],
    ["is at least 1", { "/sys/fs/cgroup/cpu.max": "10000 100000\n" }, 1],
    ["is the limit, rounded up", { "/sys/fs/cgroup/cpu.max": `${(all - 1) * 100000 + 1} 100000\n` }, all],
    ["is the limit of a container", { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "100000 100000\n" }, 1],
    ["is the limit of a cgroup above", {
      "/proc/self/cgroup": "0::/pods/one\n",
      "/sys/fs/cgroup/pods/cpu.max": "50000 100000\n",
      "/sys/fs/cgroup/pods/one/cpu.max": "max 100000\n",
    }, 1],
    ["knows version 1", {
      "/proc/self/cgroup": "4:cpu,cpuacct:/docker/1\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    }, 1],
    ["knows version 1 without a limit", {
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    }, all],
  ];
  for (const [name, files, cores] of rows) {
    it(name, () => assert.equal(availableCores((file) => files[file] ?? ""), cores));
  }
});
