import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatMetrics, type MetricFamily } from "../../../src/observe/mod.ts";
import { parseExposition } from "../../support/exposition.ts";

const gauge = (name: string, samples: MetricFamily["samples"], help = "Help."): MetricFamily => ({
  name,
  help,
  type: "gauge",
  samples,
});

describe("formatMetrics()", () => {
  it("writes help, type and samples, line by line", () => {
    assert.equal(
      formatMetrics([gauge("a", [{ labels: {}, value: 1 }, { labels: { b: "c", d: "" }, value: 0.5 }])]),
      '# HELP a Help.\n# TYPE a gauge\na 1\na{b="c",d=""} 0.5\n',
    );
  });

  it("leaves out families without samples", () => {
    assert.equal(formatMetrics([gauge("a", []), gauge("b", [{ labels: {}, value: 1 }])]).includes("a gauge"), false);
  });

  const VALUES: readonly string[] = ['"', "\\", "\n", '\\"', "a\\nb", "päth", '"}\nx 1\n', ""];
  for (const value of VALUES) {
    it(`gives back the label ${JSON.stringify(value)}`, () => {
      const families = parseExposition(formatMetrics([gauge("a", [{ labels: { path: value, b: "c" }, value: 1 }])]));
      assert.deepEqual(families.get("a")?.samples, [{ name: "a", labels: { path: value, b: "c" }, value: 1 }]);
    });
  }

  it("keeps help on its line", () => {
    const text = formatMetrics([gauge("a", [{ labels: {}, value: 1 }], "one\\two\nthree")]);
    assert.equal(parseExposition(text).get("a")?.help, "one\\\\two\\nthree");
  });

  for (const value of [0, -1, 1e21, 1.5e-9, Infinity, -Infinity]) {
    it(`gives back the value ${value}`, () => {
      const families = parseExposition(formatMetrics([gauge("a", [{ labels: {}, value }])]));
      assert.equal(families.get("a")?.samples[0]?.value, value);
    });
  }
});
