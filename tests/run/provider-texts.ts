import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { LOADER } from "../helpers/cli-command";

export const projectRoot = path.resolve(__dirname, "../..");

const CACHE = path.join(projectRoot, "node_modules/.cache/gcp-trainer-tests");

type ProviderTexts = Record<"trainingRun" | "savedResults" | "cleanup" | "batchJob" | "readyApis", string>;

/**
 * Serialises the providers in a separate process.
 * @param loader must emit the same code as the loaders in `npm start` and the engine, because the text depends on that
 * code
 */
export async function serialiseProviders(root: string = projectRoot, loader: string = LOADER): Promise<ProviderTexts> {
    const script = path.join(root, "tests/run/fixtures/print-providers.ts");
    const { stdout } = await promisify(execFile)(process.execPath, ["-r", loader, script], {
        cwd: root,
        maxBuffer: 16 * 1024 * 1024,
    });
    return JSON.parse(stdout) as ProviderTexts;
}

/**
 * Returns the result of {@link serialiseProviders}, but serialises again only if a file that determines it has changed.
 */
export async function providerTexts(): Promise<ProviderTexts> {
    const files = readdirSync(path.join(projectRoot, "run"), { recursive: true })
        .map((name) => path.join("run", String(name)))
        .filter((name) => name.endsWith(".ts"));
    files.push("tests/run/fixtures/print-providers.ts", "tests/run/fixtures/run-inputs.ts", "package-lock.json");
    const hash = createHash("sha256").update(process.version);
    for (const name of files.sort()) {
        hash.update(`\0${name}\0`).update(readFileSync(path.join(projectRoot, name)));
    }
    const entry = path.join(CACHE, `${hash.digest("hex")}.json`);
    try {
        return JSON.parse(readFileSync(entry, "utf8")) as ProviderTexts;
    } catch {
        const texts = await serialiseProviders();
        mkdirSync(CACHE, { recursive: true });
        // Another process may be writing the same entry.
        const draft = `${entry}.${process.pid}`;
        writeFileSync(draft, JSON.stringify(texts));
        renameSync(draft, entry);
        return texts;
    }
}
