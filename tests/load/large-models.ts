import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { type LoneBucket, startTestBucket } from "../../emulator/src/testing";
import { mulberry32 } from "../../trainer/lib/random";
import { type PeakMemory, peakMemory } from "./memory";

const PROJECT = path.join(__dirname, "../..");
/** Maximum memory in MB that the trainer or `npm run predict` may use for a large model. */
const MOST_MEMORY_MB = 12_000;
/** Size in MB of the largest report that a browser is expected to open. */
const MOST_REPORT_MB = 20;
const ROWS_TO_PREDICT = 200;

/** A forest whose trees have about 1,000 leaves each, because half of the 2,000 rows end up in leaves of their own. */
export function forestOf(trees: number): Promise<string> {
    const random = mulberry32(1);
    const rows = Array.from({ length: 2000 }, () => {
        const cells = Array.from({ length: 10 }, () => random().toFixed(4));
        return [...cells, (Number(cells[0]) * 10 + random()).toFixed(4)].join(",");
    });
    const settings = ["--target=y", "--algorithm=forest", `--trees=${trees}`, "--minNumSamples=1"];
    return trainAndPredict(`a forest of ${trees} trees`, rows, settings);
}

/** A forest of 20 trees for this number of classes, with 60 rows per class. */
export function forestForClasses(classes: number): Promise<string> {
    const random = mulberry32(1);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const centres = Array.from({ length: classes }, () => Array.from({ length: 10 }, () => normal() * 2));
    const rows = Array.from({ length: classes * 60 }, () => {
        const label = Math.floor(random() * classes);
        return [...(centres[label] ?? []).map((centre) => (centre + normal() * 2).toFixed(4)), `k${label}`].join(",");
    });
    const settings = ["--target=y", "--algorithm=forest", "--trees=20"];
    return trainAndPredict(`a forest of 20 trees for ${classes} classes`, rows, settings);
}

/** Trains on rows of ten features and a target, predicts some of them with `npm run predict`, and checks the report. */
async function trainAndPredict(what: string, rows: readonly string[], settings: readonly string[]): Promise<string> {
    const folder = mkdtempSync(path.join(tmpdir(), "large-model-"));
    const bucket = await startTestBucket();
    try {
        const header = [...Array.from({ length: 10 }, (_, column) => `x${column}`), "y"].join(",");
        await bucket.put("data/rows.csv", [header, ...rows, ""].join("\n"));
        execFileSync(process.execPath, [path.join(PROJECT, "trainer/build.cjs"), path.join(folder, "trainer")]);
        const trained = await measure([path.join(folder, "trainer/train.cjs"), ...settings], {
            STORAGE_EMULATOR_HOST: bucket.endpoint,
            AIP_TRAINING_DATA_URI: `gs://${bucket.name}/data/rows.csv`,
            AIP_MODEL_DIR: `gs://${bucket.name}/model/`,
        });
        const sizes = { model: 0, report: 0, onnx: 0 };
        for (const [name, file] of [
            ["model", "model.json"],
            ["report", "report.html"],
            ["onnx", "model.onnx"],
        ] as const) {
            await download(bucket, `model/${file}`, path.join(folder, file));
            sizes[name] = statSync(path.join(folder, file)).size / 1e6;
        }
        if (sizes.report > MOST_REPORT_MB) {
            throw new Error(`${what}: the report is ${sizes.report.toFixed(1)} MB`);
        }
        await writeFile(path.join(folder, "new.csv"), [header, ...rows.slice(0, ROWS_TO_PREDICT), ""].join("\n"));
        const [input, output] = [path.join(folder, "new.csv"), path.join(folder, "out.csv")];
        const loader = ["-r", path.join(PROJECT, "load-typescript.cjs"), path.join(PROJECT, "cli/predict/main.ts")];
        const predicted = await measure([...loader, path.join(folder, "model.json"), input, output], {});
        const missing = ROWS_TO_PREDICT - (await countPredictions(output));
        if (missing !== 0) {
            throw new Error(`${what}: ${missing} of ${ROWS_TO_PREDICT} rows have no prediction`);
        }
        const leaves = /([\d,]+) leaves/.exec(trained.output)?.[1] ?? "?";
        const megabytes = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} MB`;
        return (
            `${what} (${leaves} leaves): trained in ${trained.seconds} s with ${trained.peakMb} MB of memory; ` +
            `model.json ${megabytes(sizes.model)}, model.onnx ${megabytes(sizes.onnx)}, report ${megabytes(sizes.report)}; ` +
            `predicted ${ROWS_TO_PREDICT} rows in ${predicted.seconds} s with ${predicted.peakMb} MB`
        );
    } finally {
        await bucket.stop();
        rmSync(folder, { recursive: true, force: true });
    }
}

/**
 * Runs a Node.js program.
 * @throws {Error} with the end of its output if it fails or uses too much memory
 */
async function measure(args: readonly string[], env: NodeJS.ProcessEnv) {
    const began = performance.now();
    const options = {
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"],
    };
    const child = spawn(process.execPath, args, options);
    let output = "";
    const keep = (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-20_000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const memory = peakMemory(child.pid ?? 0);
    const [status] = (await once(child, "close")) as [number | null];
    const { ownMb, childMb }: PeakMemory = memory.stop();
    const [program, peakMb] = [
        path.basename(args.find((argument) => !argument.startsWith("-")) ?? ""),
        ownMb + childMb,
    ];
    if (status !== 0 || peakMb > MOST_MEMORY_MB) {
        throw new Error(`${program} ended with ${status} and used ${peakMb} MB:\n${output.slice(-2000)}`);
    }
    return { output, peakMb, seconds: ((performance.now() - began) / 1000).toFixed(1) };
}

async function download(bucket: LoneBucket, object: string, file: string): Promise<void> {
    const url = `${bucket.endpoint}/storage/v1/b/${bucket.name}/o/${encodeURIComponent(object)}?alt=media`;
    const response = await fetch(url);
    if (response.status !== 200 || response.body === null) {
        throw new Error(`${object}: HTTP ${response.status}`);
    }
    await pipeline(response.body, createWriteStream(file));
}

/** Counts the rows that have a prediction. */
async function countPredictions(file: string): Promise<number> {
    let position = -1;
    let count = 0;
    for await (const line of createInterface({ input: createReadStream(file) })) {
        const cells = line.split(",");
        if (position < 0) {
            position = cells.indexOf("predicted_y");
        } else if ((cells[position] ?? "") !== "") {
            count += 1;
        }
    }
    return count;
}
