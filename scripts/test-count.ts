/**
 * Reads from the output of a test program how its tests came out.
 */

/** How many tests ended how. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * `null` when the output holds no sum. Deno calls the tests inside a suite steps; suites and steps are counted alike.
 */
export function countOf(program: "bun" | "deno" | "cases", output: string): Count | null {
  switch (program) {
    case "bun": {
      const number = (word: string): number | null => {
        const match = output.match(new RegExp(`^ *(\\d+) ${word}$`, "m"));
        return match === null ? null : Number(match[1]);
      };
      const passed = number("pass");
      const failed = number("fail");
      if (passed === null || failed === null) return null;
      return { passed, failed, skipped: (number("skip") ?? 0) + (number("todo") ?? 0) };
    }
    case "deno": {
      const line = output.match(/^(?:ok|FAILED) \|.*$/m)?.[0];
      if (line === undefined) return null;
      const number = (word: string): number => {
        const match = line.match(new RegExp(`(\\d+) ${word}(?: \\((\\d+) steps?\\))?`));
        return Number(match?.[1] ?? 0) + Number(match?.[2] ?? 0);
      };
      return { passed: number("passed"), failed: number("failed"), skipped: number("ignored") };
    }
    case "cases": {
      const match = [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
      return match === undefined
        ? null
        : { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3]) };
    }
    default:
      return program satisfies never;
  }
}
