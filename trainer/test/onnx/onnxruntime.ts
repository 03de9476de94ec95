import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { Model } from "../../lib/model";
import { toOnnx } from "../../lib/onnx";
import type { Row } from "../model/predict";
import { PRODUCER } from "./data";

const VENV = path.join(__dirname, "../../../.venv");
const run = promisify(execFile);

/** Rows to predict with a model. */
export interface Case {
    model: Model;
    /** Null represents a missing number, "" a missing text. */
    rows: Row[];
}

/** Name, type and shape of an input or output. The first dimension is the number of rows. */
type ValueInfo = [string, string, (string | number)[]];

/** Results from onnxruntime and onnx for a model. NaN is represented as null. */
export interface Judgement {
    producer: [name: string, version: string];
    doc: string;
    metadata: Record<string, string>;
    irVersion: number;
    operatorSets: Record<string, number>;
    inputs: ValueInfo[];
    outputs: ValueInfo[];
    /** The values of each output for all rows, row by row. */
    results: (number | string | null)[][];
    /** The same values for the first rows, each predicted separately. */
    alone: (number | string | null)[][];
}

const isInstalled = (package_: string): boolean => {
    const list = path.join(VENV, "requirements.txt");
    return existsSync(list) && readFileSync(list, "utf8").includes(`\n${package_}==`);
};

/** `describe` for tests that need a Python package. Without it, they are skipped, with the reason in the title. */
export function describeWithOnnxruntime(title: string, tests: () => void, package_ = "onnxruntime"): void {
    if (isInstalled(package_)) {
        describe(title, tests);
    } else {
        describe.skip(`${title} [skipped: found no .venv with ${package_} (.ci/python-packages.sh creates it)]`, tests);
    }
}

/** Runs a Python program in a new folder that contains the given files, and returns its output. */
export async function runPython(program: string, files: Record<string, string | Uint8Array>): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), "onnx-"));
    try {
        await Promise.all(Object.entries(files).map(([name, content]) => writeFile(path.join(folder, name), content)));
        const { stdout } = await run(path.join(VENV, "bin/python"), [program, "."], {
            cwd: folder,
            env: { PATH: process.env.PATH ?? "", PYTHONDONTWRITEBYTECODE: "1" },
            maxBuffer: 2 ** 30,
        });
        return stdout;
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}

/**
 * Checks models and runs them on rows. A single program handles all of them, because starting it takes longer than
 * running it.
 */
export async function judge(cases: Readonly<Record<string, Case>>): Promise<Record<string, Judgement>> {
    const files: Record<string, string | Uint8Array> = {};
    for (const [place, { model, rows }] of Object.values(cases).entries()) {
        const columns = model.features.map(({ name }) => [name, rows.map((row) => row[name] ?? null)]);
        files[`${place}.onnx`] = toOnnx(model, { producer: PRODUCER });
        files[`${place}.json`] = JSON.stringify(Object.fromEntries(columns));
    }
    const printed = JSON.parse(await runPython(path.join(__dirname, "judge.py"), files)) as Record<string, Judgement>;
    return Object.fromEntries(Object.keys(cases).map((name, place) => [name, printed[place] as Judgement]));
}
