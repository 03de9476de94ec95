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
import type { Surroundings } from "../../../cli/predict/source";
import { UsageError } from "../../../cli/start/stack-config";
import type { Model } from "../../../trainer/lib/model";
import { leaf, modelOf, split } from "../../../trainer/test/model/models";

/** A small dog or a big one says "woof"; what says "meow" is a cat. A weight may be missing. */
export const PETS: Model = modelOf(
    [
        { name: "weight", kind: "number", missing: true },
        { name: "sound", kind: "text", categories: ["", "meow", "woof"] },
        { name: "age", kind: "number", missing: false },
    ],
    ["cat", "dog"],
    [split(1, 1.5, leaf([0.75, 0.25]), split(0, 10, leaf([0, 1]), leaf([0.5, 0.5])))],
);

/** Price by size. */
export const PRICES: Model = modelOf([{ name: "size", kind: "number", missing: false }], undefined, [
    split(0, 100, leaf(1234.5), leaf(99)),
]);

/** A folder with a model in `pets/` and one in `prices/`, and the command that is run there. */
export class PredictFolder {
    readonly folder = realpathSync(mkdtempSync(path.join(tmpdir(), "predict-")));
    readonly notes: string[] = [];
    readonly stop = new AbortController();
    stdin: Readable = Readable.from([]);
    env: NodeJS.ProcessEnv = {};

    constructor() {
        this.write("pets/model.json", JSON.stringify(PETS));
        this.write("prices/model.json", JSON.stringify(PRICES));
    }

    write(name: string, content: string | Uint8Array): string {
        const file = path.join(this.folder, name);
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, content);
        return file;
    }

    read(name: string): string {
        return readFileSync(path.join(this.folder, name), "utf8");
    }

    has(name: string): boolean {
        return existsSync(path.join(this.folder, name));
    }

    /** Everything in the folder, hidden files too. */
    files(): string[] {
        return readdirSync(this.folder).sort();
    }

    surroundings(stdout: NodeJS.WritableStream = new PassThrough()): Surroundings {
        const { folder, env, stdin, notes, stop } = this;
        return {
            ...{ projectDir: folder, folder, env, stdin, stdout, signal: stop.signal },
            note: (line) => notes.push(line),
        };
    }

    /** Runs the command; gives its exit status and standard output. */
    async predict(...args: string[]): Promise<{ status: number; stdout: string }> {
        const stdout = new PassThrough({ highWaterMark: 2 ** 24 });
        const status = await predict(args, this.surroundings(stdout));
        return { status, stdout: String(stdout.read() ?? "") };
    }

    /** What a command that must fail says, which is something a person can mend. */
    async failure(...args: string[]): Promise<string> {
        const error = await this.predict(...args).then(
            ({ status }) => new Error(`it ended with ${status}`),
            (thrown: Error) => thrown,
        );
        expect(error).toBeInstanceOf(UsageError);
        return error.message;
    }

    remove(): void {
        rmSync(this.folder, { recursive: true, force: true });
    }
}
