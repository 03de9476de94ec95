// Runs this trainer, without any settings, on the datasets in learners.py and predicts rows that it never saw. Usage:
// `node learners-ours.cjs FOLDER [NAME ...]`. For each fold of the dataset NAME, it reads NAME.FOLD.train.csv and
// NAME.FOLD.test.csv, and writes NAME.FOLD.predicted.csv and NAME.FOLD.metrics.json.
import { createReadStream, existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isMainThread } from "node:worker_threads";
import { predict } from "../../cli/predict/command";
import { openFitPool, serveFits } from "../../trainer/lib/tree";
import type { ObjectStore } from "../../trainer/src/storage";
import { train } from "../../trainer/src/train";

interface LearnerSet {
    readonly name: string;
    readonly target: string;
    readonly folds: number;
}

if (isMainThread) {
    void main();
} else {
    serveFits();
}

async function main(): Promise<void> {
    const [relative = "", ...only] = process.argv.slice(2);
    const folder = path.resolve(relative);
    const sets = JSON.parse(readFileSync(path.join(folder, "sets.json"), "utf8")) as LearnerSet[];
    for (const { name, target, folds } of sets) {
        for (let fold = 0; fold < folds && (only.length === 0 || only.includes(name)); fold++) {
            await trainAndPredict(path.join(folder, `${name}.${fold}`), target);
        }
    }
    process.exit(0);
}

async function trainAndPredict(prefix: string, target: string): Promise<void> {
    const metricsFile = `${prefix}.metrics.json`;
    if (existsSync(metricsFile)) {
        return;
    }
    const files = new Map<string, Buffer>();
    const storage: ObjectStore = {
        read: () => createReadStream(`${prefix}.train.csv`),
        list: async (uri) => [uri],
        create: async ({ path: name }, content) => {
            const chunks: Uint8Array[] = [];
            for (const chunk of typeof content === "function" ? content() : [content]) {
                chunks.push(Buffer.from(chunk));
            }
            files.set(path.basename(name), Buffer.concat(chunks));
        },
    };
    const started = performance.now();
    const lines: string[] = [];
    await train({
        argv: [`--target=${target}`],
        env: { AIP_TRAINING_DATA_URI: "gs://bench/train.csv", AIP_MODEL_DIR: "gs://bench/model/" },
        openStorage: () => storage,
        openFitPool: (dataset, threads) => openFitPool(dataset, { file: __filename, threads }),
        print: (...more) => lines.push(...more),
    });
    const seconds = (performance.now() - started) / 1000;
    writeFileSync(`${prefix}.model.json`, files.get("model.json") ?? "");
    await predict(["--force", `${prefix}.model.json`, `${prefix}.test.csv`, `${prefix}.predicted.csv`], {
        projectDir: path.dirname(prefix),
        folder: path.dirname(prefix),
        env: {},
        stdin: process.stdin,
        stdout: process.stdout,
        report: () => {},
        signal: new AbortController().signal,
    });
    const metrics = JSON.parse(String(files.get("metrics.json"))) as object;
    writeFileSync(metricsFile, JSON.stringify({ ...metrics, seconds }));
    console.log(
        `${path.basename(prefix)}: ${seconds.toFixed(1)} s; ${lines.filter((line) => /^Chose/.test(line)).join()}`,
    );
}
