/** Bundles src/main.ts into the one script that ships: src/tickworld/web/page.js, or the path given. */
import { build } from "esbuild";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await build({
  absWorkingDir: here("."),
  entryPoints: ["src/main.ts"],
  outfile: process.argv[2] ?? here("../src/tickworld/web/page.js"),
  bundle: true,
  format: "iife",
  target: ["es2022"],
  charset: "ascii",
  minify: true,
  legalComments: "none",
  logLevel: "warning",
});
