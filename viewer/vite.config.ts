import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const OUT = fileURLToPath(new URL("../api/static", import.meta.url));

/** A .gz beside each text file, so that the server sends it as it is and compresses nothing per request. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    closeBundle() {
      for (const entry of readdirSync(OUT, { recursive: true }) as string[]) {
        if (!/\.(js|css|html|svg)$/.test(entry)) continue;
        const path = join(OUT, entry);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: "./", // the page also works below a path of a hospital's own proxy
  plugins: [compressed()],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    // Chrome 87 and Safari 14 are what WeChat's and HarmonyOS' web views and old hospital PCs still run.
    target: ["chrome87", "safari14"],
    modulePreload: { polyfill: false },
    // What the first page needs is one file: in two it is a kilobyte more.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "page", tags: ["$initial"] }] } } },
    assetsInlineLimit: 0, // a data: address would need a hole in the content security policy
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node", pool: "threads", maxWorkers: 1 },
} as Parameters<typeof defineConfig>[0]);
