// Makes build/zfs-pools.wasm: the collector and a JavaScript engine, with none of WASI's interfaces.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { componentize } from "@bytecodealliance/componentize-js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { component } = await componentize({
  sourcePath: here("collector.js"),
  witPath: here("../../../wit/collector.wit"),
  worldName: "collector",
  disableFeatures: ["random", "stdio", "clocks", "http", "fetch-event"],
});
await mkdir(here("build"), { recursive: true });
await writeFile(here("build/zfs-pools.wasm"), component);
