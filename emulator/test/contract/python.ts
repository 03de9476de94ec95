import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { type Document, loadDocuments } from "./discovery/documents";

const ROOT = path.join(__dirname, "../../..");
const VENV = path.join(ROOT, ".venv");
const run = promisify(execFile);

/** Emulated APIs, under the names that google-api-python-client uses for their descriptions. */
const DOCUMENTS = [
    "compute.v1",
    "compute.beta",
    "storage.v1",
    "artifactregistry.v1",
    "iam.v1",
    "cloudresourcemanager.v1",
    "serviceusage.v1",
    "secretmanager.v1",
    "pubsub.v1",
    "cloudbilling.v1",
    "logging.v2",
    "batch.v1",
];

/** The reason Google's Python packages are unavailable, or undefined if they can be used. */
export const missingPython = existsSync(path.join(VENV, "requirements.txt"))
    ? undefined
    : "Google's Python packages are not installed in .venv (run .ci/python-packages.sh)";

/** The reason a Python package is unavailable, or undefined if it can be used. */
function missingPackage(name: string): string | undefined {
    const isListed =
        missingPython === undefined &&
        readFileSync(path.join(VENV, "requirements.txt"), "utf8").includes(`\n${name}==`);
    return isListed ? undefined : (missingPython ?? `${name} is not installed in .venv (run .ci/python-packages.sh)`);
}

/**
 * `describe` for tests that need Google's Python packages. Without them, the tests are skipped, with the reason in the
 * title.
 * @param name the package that the tests need. Default: the API descriptions
 */
export function describeWithPython(title: string, tests: () => void, name = "google-api-python-client"): void {
    const missing = missingPackage(name);
    if (missing === undefined) {
        describe(title, tests);
    } else {
        describe.skip(`${title} [skipped: ${missing}]`, tests);
    }
}

/** Google's descriptions of all emulated APIs. */
export function googleDocuments(): Document[] {
    const library = path.join(VENV, "lib");
    const python = readdirSync(library).find((name) => name.startsWith("python3")) ?? "";
    const folder = path.join(library, python, "site-packages/googleapiclient/discovery_cache/documents");
    return loadDocuments(folder, DOCUMENTS);
}

/**
 * Runs a program from emulator/test/contract/clients and returns the JSON that it prints.
 * @throws {Error} with the program's output if it fails
 */
export async function runPython<T>(
    name: string,
    args: readonly string[],
    env: Record<string, string> = {},
): Promise<T> {
    const program = path.join(__dirname, "clients", name);
    const { stdout } = await run(path.join(VENV, "bin/python"), [program, ...args], {
        env: { PATH: process.env.PATH ?? "", PYTHONDONTWRITEBYTECODE: "1", NO_PROXY: "*", ...env },
        timeout: 240_000,
    });
    return JSON.parse(stdout) as T;
}
