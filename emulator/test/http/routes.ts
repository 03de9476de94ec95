import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Route } from "../../src/http/router";
import { createServices, mainRoutes } from "../../src/services";

/** All routes on the emulator's main port, for inspection only, because their handlers have no data folder. */
export function allRoutes(): Route[] {
    const dataDir = mkdtempSync(path.join(tmpdir(), "emulator-routes-"));
    try {
        return mainRoutes(createServices({ dataDir, runtime: "process" }, "developer"));
    } finally {
        rmSync(dataDir, { recursive: true });
    }
}
