/**
 * Checks that whatever the exported declarations of mod.ts name is exported as well, so that users of the library can name it,
 * too. Reads the declarations that the TypeScript compiler writes.
 *
 *     bun scripts/exported-types.ts
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import process from "node:process";

/** Names that stay at home, by module, with the reason. */
const AT_HOME: Readonly<Record<string, string>> = {
  "src/kube/objects.ts Base": "what all objects have, and none is by itself",
  "src/policy/mod.ts Module": "how PolicyMap is derived from the list of policies",
  "src/policy/mod.ts PolicyOf": "how PolicyMap is derived from the list of policies",
  "src/policy/config-key.ts CONFIG_KEYS": "how ConfigKey is derived from the table of keys",
  "src/policy/config-key.ts ERROR_LOG_LEVELS": "how ErrorLogLevel is derived from the list of levels",
};

interface Declaration {
  readonly text: string;
}

/** One module, as its declarations read. */
interface Module {
  readonly declared: ReadonlyMap<string, Declaration>;
  /** Local name -> module and name there; modules of packages are left out. */
  readonly imported: ReadonlyMap<string, readonly [module: string, name: string]>;
  readonly exported: ReadonlyMap<string, readonly [module: string, name: string]>;
  readonly stars: readonly string[];
}

/** A name that an exported declaration uses, and nobody outside can. */
export interface Missing {
  readonly name: string;
  readonly module: string;
  readonly usedBy: string;
}

const HEAD =
  /^(?:export )?(?:default )?(?:declare )?(?:abstract )?(?:class|interface|type|const|let|function|enum) ([A-Za-z_$][\w$]*)/;
const LIST = /^(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s*(?:from\s*"([^"]+)")?;/gm;
const STAR = /^export \* from "([^"]+)";/gm;
const NAME = /\b(?:[A-Z][\w$]*|typeof\s+[A-Za-z_$][\w$]*)/g;

/** @param text declarations of the module at `path` */
export function parseModule(path: string, text: string): Module {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/[^\n]*/g, "");
  const declared = new Map<string, Declaration>();
  const imported = new Map<string, readonly [string, string]>();
  const exported = new Map<string, readonly [string, string]>();
  let open: string | null = null;
  for (const line of code.split("\n")) {
    const found = HEAD.exec(line)?.[1];
    if (found !== undefined) {
      open = found;
      if (line.startsWith("export ")) exported.set(found, [path, found]);
    } else if (/^(?:import|export)\b/.test(line)) open = null;
    if (open !== null) declared.set(open, { text: `${declared.get(open)?.text ?? ""}${line}\n` });
  }
  for (const [statement, list = "", from] of code.matchAll(LIST)) {
    for (const item of list.split(",")) {
      const [name = "", alias = name] = item.replace(/\btype\s/, "").trim().split(/\s+as\s+/);
      if (name === "") continue;
      const target: readonly [string, string] | null = from === undefined
        ? imported.get(name) ?? [path, name]
        : from.startsWith(".")
        ? [posix.join(posix.dirname(path), from), name]
        : null;
      if (target !== null) (statement.startsWith("import") ? imported : exported).set(alias, target);
    }
  }
  const stars = [...code.matchAll(STAR)].map(([, from = ""]) => posix.join(posix.dirname(path), from));
  return { declared, imported, exported, stars };
}

/** Names that are used by what `entry` exports, and not exported by it. */
export function findMissing(entry: string, read: (path: string) => string): Missing[] {
  const modules = new Map<string, Module>();
  const moduleOf = (path: string): Module => {
    let module = modules.get(path);
    if (module === undefined) modules.set(path, module = parseModule(path, read(path)));
    return module;
  };
  /** Where a name of a module is declared; `null`: in a package, or nowhere. */
  const origin = (path: string, name: string): readonly [string, string] | null => {
    const module = moduleOf(path);
    const next = module.exported.get(name) ?? module.imported.get(name);
    if (next !== undefined && (next[0] !== path || next[1] !== name)) return origin(next[0], next[1]);
    if (module.declared.has(name)) return [path, name];
    for (const star of module.stars) {
      const found = origin(star, name);
      if (found !== null) return found;
    }
    return null;
  };
  const exportsOf = (path: string): string[] => {
    const { exported, stars } = moduleOf(path);
    return [...exported.keys(), ...stars.flatMap(exportsOf)];
  };
  const key = ([module, name]: readonly [string, string]): string => `${module} ${name}`;
  const queue = exportsOf(entry).map((name) => origin(entry, name)).filter((found) => found !== null);
  const open = new Set(queue.map(key));
  const missing: Missing[] = [];
  for (const [path, name] of queue) {
    const module = moduleOf(path);
    for (const [word] of module.declared.get(name)!.text.replace(/"[^"\n]*"/g, "").matchAll(NAME)) {
      const used = word.replace(/^typeof\s+/, "");
      if (!module.declared.has(used) && !module.imported.has(used)) continue;
      const found = origin(path, used);
      if (found === null || open.has(key(found)) || AT_HOME[key(found)] !== undefined) continue;
      open.add(key(found));
      queue.push(found);
      missing.push({ name: found[1], module: found[0], usedBy: name });
    }
  }
  return missing;
}

if (import.meta.main) {
  const root = dirname(import.meta.dirname);
  const folder = mkdtempSync(join(tmpdir(), "declarations-"));
  try {
    const config = join(folder, "tsconfig.json");
    const compilerOptions = {
      noEmit: false,
      emitDeclarationOnly: true,
      declaration: true,
      rootDir: root,
      outDir: folder,
      typeRoots: [join(root, "node_modules"), join(root, "node_modules", "@types")],
    };
    writeFileSync(
      config,
      JSON.stringify({
        extends: join(root, "tsconfig.json"),
        compilerOptions,
        include: [],
        files: [join(root, "mod.ts")],
      }),
    );
    execFileSync(join(root, "node_modules", ".bin", "tsc"), ["-p", config], { cwd: root, stdio: "inherit" });
    const missing = findMissing("mod.ts", (path) => {
      const file = join(folder, path.replace(/\.ts$/, ".d.ts"));
      return existsSync(file) ? readFileSync(file, "utf8") : "";
    });
    for (const { module, name, usedBy } of missing) {
      console.error(`src/library.ts: ${usedBy} names ${name} of ${module}, which is not exported`);
    }
    process.exitCode = missing.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
