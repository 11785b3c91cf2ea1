/**
 * Reads metrics as text, and refuses what a strict reader would refuse.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/ (text format 0.0.4)
 * @module
 */
import assert from "node:assert/strict";

/** One line. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All lines of one name. */
export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\+Inf|-Inf|NaN|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)/y;

/** Families by name, in their order. Fails on text that breaks the format, and on histograms that do not add up. */
export function parseExposition(text: string): Map<string, Family> {
  assert.ok(text === "" || text.endsWith("\n"), "the last line ends");
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
  const seen = new Set<string>();
  const lines = text.split("\n").slice(0, -1);
  let current = "";
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const help = /^# HELP (\S+) (.+)$/.exec(line);
    if (help !== null) {
      const [, name = "", words = ""] = help;
      assert.ok(!families.has(name), `${name} stands in one place`);
      const type = new RegExp(`^# TYPE ${name} (counter|gauge|histogram)$`).exec(lines[++i] ?? "");
      assert.ok(type !== null, `${name} has a type behind its help: ${lines[i]}`);
      families.set(name, { type: type[1]!, help: words, samples: [] });
      current = name;
      continue;
    }
    const sample = parseSample(line);
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    assert.ok(!seen.has(key), `no two values of one series: ${line}`);
    seen.add(key);
    const family = families.get(current);
    const suffixes = family?.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    assert.ok(suffixes.some((suffix) => sample.name === current + suffix), `a sample of ${current}: ${line}`);
    family!.samples.push(sample);
  }
  for (const [name, { type, samples }] of families) {
    assert.ok(samples.length > 0, `${name} has samples`);
    if (type === "histogram") checkHistogram(name, samples);
    if (type === "counter") { for (const { value } of samples) assert.ok(value >= 0, `${name} counts from 0`); }
  }
  return families;
}

function parseSample(line: string): Sample {
  const match = SAMPLE.exec(line);
  assert.ok(match !== null, `a sample: ${line}`);
  const [, name = "", text = "", value = ""] = match;
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const label = LABEL.exec(text);
    assert.ok(label !== null, `labels: ${line}`);
    const [, key = "", raw = ""] = label;
    assert.ok(!Object.hasOwn(labels, key), `label ${key} once: ${line}`);
    labels[key] = raw.replace(/\\(.)/g, (_, escaped: string) => escaped === "n" ? "\n" : escaped);
  }
  return { name, labels, value: Number(value.replace("Inf", "Infinity")) };
}

/** Bounds rise, counts never fall, and the last of them is the count. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const series = new Map<string, { buckets: Sample[]; sum?: number; count?: number }>();
  for (const sample of samples) {
    const { le: _, ...rest } = sample.labels;
    const key = JSON.stringify(Object.entries(rest).sort());
    const entry = series.get(key) ?? { buckets: [] };
    series.set(key, entry);
    if (sample.name === `${name}_bucket`) entry.buckets.push(sample);
    else if (sample.name === `${name}_sum`) entry.sum = sample.value;
    else entry.count = sample.value;
  }
  for (const [key, { buckets, sum, count }] of series) {
    const bounds = buckets.map(({ labels }) => Number(labels["le"]!.replace("Inf", "Infinity")));
    const counts = buckets.map(({ value }) => value);
    assert.deepEqual(bounds, bounds.toSorted((a, b) => a - b), `bounds of ${name} ${key} rise`);
    assert.deepEqual(counts, counts.toSorted((a, b) => a - b), `counts of ${name} ${key} never fall`);
    assert.equal(bounds.at(-1), Infinity, `the last bucket of ${name} ${key}`);
    assert.equal(counts.at(-1), count, `the count of ${name} ${key}`);
    assert.ok(sum !== undefined && sum >= 0, `the sum of ${name} ${key}`);
  }
}
