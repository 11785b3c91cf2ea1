/**
 * Exits with 0 when node_modules holds what package-lock.json asks for: every package at its version and digest, optional
 * ones where they are there. Plain JavaScript for Node, because it runs before anything is installed.
 */
import { readFileSync } from "node:fs";

function packages(file) {
  try {
    return JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")).packages ?? null;
  } catch {
    return null;
  }
}

const wanted = packages("../package-lock.json");
const installed = packages("../node_modules/.package-lock.json");
if (!wanted || !installed) process.exit(1);

for (const [path, entry] of Object.entries(wanted)) {
  if (path === "") continue;
  const found = installed[path];
  if (!found && entry.optional) continue;
  if (!found || found.version !== entry.version || found.integrity !== entry.integrity) process.exit(1);
}
for (const path of Object.keys(installed)) if (!wanted[path]) process.exit(1);
