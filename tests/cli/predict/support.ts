import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    realpathSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough, Readable } from "node:stream";
import { predict } from "../../../cli/predict/command";
import type { PredictContext } from "../../../cli/predict/source";
import { UsageError } from "../../../cli/shared/usage-error";
import type { Model } from "../../../trainer/lib/model";
import { leaf, modelOf, split, textFeature } from "../../../trainer/test/model/models";

/** A model that predicts pets from sound and weight; the weight may be missing. */
export const PETS: Model = modelOf(
    [
        { name: "weight", kind: "number", missing: true },
        textFeature("sound", ["", "meow", "woof"]),
        { name: "age", kind: "number", missing: false },
    ],
    ["cat", "dog"],
    [split(1, 1.5, leaf([0.75, 0.25]), split(0, 10, leaf([0, 1]), leaf([0.5, 0.5])))],
);

/** A model that predicts prices from sizes. */
export const PRICES: Model = modelOf([{ name: "size", kind: "number", missing: false }], undefined, [
    split(0, 100, leaf(1234.5), leaf(99)),
]);

/** A folder with models in `pets/` and `prices/`, which is the command's working folder. */
export class PredictFolder {
    readonly path = realpathSync(mkdtempSync(path.join(tmpdir(), "predict-")));
    readonly reported: string[] = [];
    readonly stop = new AbortController();
    stdin: Readable = Readable.from([]);
    env: NodeJS.ProcessEnv = {};

    constructor() {
        this.write("pets/model.json", JSON.stringify(PETS));
        this.write("prices/model.json", JSON.stringify(PRICES));
    }

    write(name: string, content: string | Uint8Array): string {
        const file = path.join(this.path, name);
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, content);
        return file;
    }

    read(name: string): string {
        return readFileSync(path.join(this.path, name), "utf8");
    }

    has(name: string): boolean {
        return existsSync(path.join(this.path, name));
    }

    /** All files in the folder, including hidden ones. */
    files(): string[] {
        return readdirSync(this.path).sort();
    }

    context(stdout: NodeJS.WritableStream = new PassThrough()): PredictContext {
        const { path: folder, env, stdin, reported, stop } = this;
        return {
            ...{ projectDir: folder, folder, env, stdin, stdout, signal: stop.signal },
            report: (line) => reported.push(line),
        };
    }

    /** Runs the command, and returns its exit status and standard output. */
    async predict(...args: string[]): Promise<{ status: number; stdout: string }> {
        const stdout = new PassThrough({ highWaterMark: 2 ** 24 });
        const status = await predict(args, this.context(stdout));
        return { status, stdout: String(stdout.read() ?? "") };
    }

    /** Runs a command that must fail with a UsageError, and returns the error's message. */
    async failure(...args: string[]): Promise<string> {
        const error = await this.predict(...args).then(
            ({ status }) => new Error(`it exited with ${status}`),
            (thrown: Error) => thrown,
        );
        expect(error).toBeInstanceOf(UsageError);
        return error.message;
    }

    remove(): void {
        rmSync(this.path, { recursive: true, force: true });
    }
}
