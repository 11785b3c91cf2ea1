/**
 * Packs the project as npm does, puts it into a program that uses the library, and has that program checked and run: by the
 * TypeScript compiler, strictly and with the declarations of libraries, in the ways in which modules are found; by Deno; on Bun
 * and on Deno. Needs no network.
 *
 *     bun scripts/consumer.ts
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";

const root = dirname(import.meta.dirname);
const modules = join(root, "node_modules");
const folder = mkdtempSync(join(tmpdir(), "consumer-"));

const PROGRAM = `import {
  type CompilerOptions,
  createCompiler,
  createLogger,
  DataPlane,
  type DataPlaneOptions,
  type MiddlewareContext,
  readManifests,
} from "sallyport";

const compiler: Partial<CompilerOptions> = { httpPort: 0, httpsPort: 0 };
const options: DataPlaneOptions = {
  logger: createLogger({ level: "error" }),
  middleware: [{ path: "/hello", use: (c: MiddlewareContext) => c.json({ hello: c.env.clientAddress }) }],
};
const { store } = await readManifests(["manifests"]);
const plane = new DataPlane(options);
plane.apply(createCompiler(compiler).compile(store, []).update);
await plane.listen();
const response = await fetch(\`http://127.0.0.1:\${plane.ports.http}/hello\`);
const text: string = await response.text();
console.log(text);
await plane.close(1000);
`;

/** Runs a command in the program's folder; what it says is shown when it fails. */
function run(name: string, command: string, args: readonly string[], cwd = folder): string {
  const { error, status, stderr, stdout } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    env: {
      ...process.env,
      NO_COLOR: "1",
      // npm's cache and logs would lie in the home folder
      npm_config_cache: join(folder, "npm"),
      npm_config_update_notifier: "false",
    },
    timeout: 120_000,
  });
  if (status === 0) return stdout;
  process.exitCode = 1;
  console.error(`consumer: ${name} failed\n${stdout}${stderr}${error?.message ?? ""}`);
  return "";
}

function check(name: string, module: string, moduleResolution: string, types: string, lib: readonly string[]): void {
  const compilerOptions = {
    target: "ESNext",
    module,
    moduleResolution,
    lib,
    types: [types],
    allowImportingTsExtensions: true,
    noEmit: true,
    strict: true,
    skipLibCheck: false,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }));
  run(name, join(modules, ".bin", "tsc"), ["-p", "."]);
}

try {
  run("npm pack", "npm", ["pack", "--offline", "--loglevel=error", "--pack-destination", folder], root);
  const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (archive !== undefined) {
    const installed = join(folder, "node_modules", "sallyport");
    mkdirSync(installed, { recursive: true });
    run("tar", "tar", ["xzf", join(folder, archive), "-C", installed, "--strip-components=1"]);
    for (const name of readdirSync(modules)) {
      if (name.startsWith(".") || name === "@types") continue;
      symlinkSync(join(modules, name), join(folder, "node_modules", name));
    }
    cpSync(join(modules, "@types"), join(folder, "node_modules", "@types"), { recursive: true });
    mkdirSync(join(folder, "manifests"));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", dependencies: { sallyport: "*" } }));
    writeFileSync(join(folder, "program.ts"), PROGRAM);

    check("tsc, bundler", "Preserve", "Bundler", "bun-types", ["ESNext"]);
    check("tsc, bundler, types of Node and the DOM", "ESNext", "Bundler", "node", ["ESNext", "DOM", "DOM.Iterable"]);
    check("tsc, nodenext", "NodeNext", "NodeNext", "node", ["ESNext"]);
    rmSync(join(folder, "tsconfig.json"));
    const deno = join(modules, "deno", "deno");
    run("deno check", deno, ["check", "--node-modules-dir=manual", "program.ts"]);
    for (
      const [name, command, args] of [
        ["bun", process.execPath, ["program.ts"]],
        ["deno", deno, ["run", "-A", "--cached-only", "--node-modules-dir=manual", "program.ts"]],
      ] as const
    ) {
      const said = run(name, command, args);
      if (said.trim() === '{"hello":"127.0.0.1"}') continue;
      process.exitCode = 1;
      console.error(`consumer: on ${name} the program says ${JSON.stringify(said)}`);
    }
  } else process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
