// Builds build/zfs-pools.wasm: the collector and a JavaScript engine.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { componentize } from "@bytecodealliance/componentize-js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { component } = await componentize({
  sourcePath: here("collector.js"),
  witPath: here("../../../wit/collector.wit"),
  worldName: "collector",
  // Keep stdio: it goes to the exporter's log, where the engine reports invalid values.
  disableFeatures: ["random", "clocks", "http", "fetch-event"],
});
await mkdir(here("build"), { recursive: true });
await writeFile(here("build/zfs-pools.wasm"), component);
