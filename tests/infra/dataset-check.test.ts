import {
    appendFileSync,
    copyFileSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    renameSync,
    rmSync,
    truncateSync,
    utimesSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { checkConfig, type RawConfig } from "../../infra/config";
import { renderNotes } from "../../infra/config/dataset-check";
import { ConfigError, pulumiCommand, renderIssue } from "../../infra/config/issues";
import { PROJECT_DIR } from "./declared-stack";

const GCP = { project: "my-project", region: "us-central1", zone: "us-central1-a" };
/** A row is 40 bytes long. */
const row = (number: number, x = String(number * 7919)) =>
    `${String(number).padStart(9, "0")},${x.padStart(18)},${number % 3 ? "yes" : " no"},12345\n`;
const HEADER = "size,x,kind,n\n";

let root: string;

beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "dataset-check-"));
    mkdirSync(path.join(root, "trainer"));
    copyFileSync(path.join(PROJECT_DIR, "trainer/Dockerfile"), path.join(root, "trainer/Dockerfile"));
    copyFileSync("trainer/package.json", path.join(root, "trainer/package.json"));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(content: string | Uint8Array): void {
    writeFileSync(path.join(root, "data.csv"), content);
}

function check(values: RawConfig["values"] = {}, announce?: (line: string) => void) {
    const given = { dataset: "data.csv", target: "kind", ...values };
    return checkConfig({ namespace: "p", values: given, gcp: GCP }, root, announce);
}

async function problemsOf(values: RawConfig["values"] = {}): Promise<string[]> {
    const error = await check(values).then(
        () => new ConfigError([]),
        (thrown: unknown) => thrown as ConfigError,
    );
    return error.issues.map((issue) => renderIssue(issue, pulumiCommand));
}

const SMALL = Array.from({ length: 200 }, (_, number) => row(number));

describe("before anything is created, a local dataset", () => {
    it("is checked together with the points of a sweep, whose values must be valid for the trainer", async () => {
        write([HEADER, ...SMALL].join(""));
        const sweep = '{"maxDepth":[3,0,100],"seed":[1,2],"maxDpth":[4]}';
        const problems = await problemsOf({ engine: "batch", sweep, hyperparameters: '{"algorithm":"tree"}' });

        expect(problems).toEqual([
            expect.stringMatching(/^`p:sweep.maxDpth` .*\(npx pulumi config rm --path sweep.maxDpth\)$/),
            expect.stringMatching(/^`p:sweep.maxDepth` must be .*got "?0"?/),
            expect.stringMatching(/^`p:sweep.maxDepth` must be .*got "?100"?/),
        ]);
        expect(await problemsOf({ engine: "batch", sweep: '{"maxDepth":[3,4]}' })).toEqual([]);
    });

    it("is checked together with the config, and every problem names the key and the command that fixes it", async () => {
        write([HEADER, ...SMALL.slice(0, 100), row(100, "wide"), ...SMALL.slice(101)].join(""));
        const values = { target: "kid", dropColumns: '["n","Sise","z"]', maxRunMinutes: "0" };
        const columns = 'data.csv, which has "size", "x", "kind", "n"';

        expect(
            await problemsOf({ ...values, hyperparameters: '{"maxDpth":3,"trees":0,"types":{"X":"text"}}' }),
        ).toEqual([
            '`p:maxRunMinutes` must be an integer from 1 to 171360; got "0" (npx pulumi config set maxRunMinutes 60)',
            expect.stringMatching(
                /^`p:hyperparameters.maxDpth` is not a hyperparameter of this trainer; did you mean `maxDepth`\?.*\(npx pulumi config rm --path hyperparameters.maxDpth\)$/,
            ),
            '`p:hyperparameters.trees` must be an integer from 1 to 10000; got "0" (npx pulumi config set --path hyperparameters.trees 100)',
            `\`p:target\` must be a column of ${columns}; got "kid"; did you mean "kind"? (npx pulumi config set target kind)`,
            `\`p:dropColumns\` must name columns of ${columns}; got "Sise"; did you mean "size"? (npx pulumi config set --path 'dropColumns[1]' size)`,
            `\`p:dropColumns\` must name columns of ${columns}; got "z" (npx pulumi config rm --path 'dropColumns[2]')`,
            `\`p:hyperparameters.types\` must name columns of ${columns}; got "X"; did you mean "x"? (npx pulumi config set --path hyperparameters.types.x text)`,
            'data.csv row 102, column "x": "wide" is text in a column of numbers (199 of 200); correct it, remove the row ' +
                "or the column, or set `missing`, `types` or `onBadCell`",
        ]);
    });

    it("is rejected if it is an Excel workbook, in an error that includes the command that converts it", async () => {
        write(Buffer.from(`PK\x03\x04${"\0".repeat(26)}[Content_Types].xml`, "latin1"));

        expect(await problemsOf()).toEqual([
            'data.csv must be CSV or JSON Lines; got an Excel workbook (python3 -c \'import pandas; pandas.read_excel("data.csv").to_csv("data.csv", index=False)\')',
        ]);
    });

    it("may be a folder of files with the same header", async () => {
        const folder = path.join(root, "parts");
        mkdirSync(folder);
        expect(await problemsOf({ dataset: "parts" })).toEqual([
            '`p:dataset` must be a file or a folder with files; found an empty folder; got "parts" (npx pulumi config set dataset data/iris.csv)',
        ]);
        writeFileSync(path.join(folder, "1.csv"), [HEADER, ...SMALL.slice(0, 90)].join(""));
        writeFileSync(path.join(folder, "2.csv"), "");
        expect(await problemsOf({ dataset: "parts" })).toEqual([
            expect.stringContaining("found an empty file, in the folder parts;"),
        ]);
        writeFileSync(path.join(folder, "2.csv"), [HEADER, ...SMALL.slice(90), row(200, "wide")].join(""));
        expect(await problemsOf({ dataset: "parts" })).toEqual([
            expect.stringMatching(
                /^parts\/2.csv row 112, column "x": "wide" is text in a column of numbers \(200 of 201\)/,
            ),
        ]);
        writeFileSync(path.join(folder, "2.csv"), [HEADER.replace("x", "X"), ...SMALL].join(""));
        expect(await problemsOf({ dataset: "parts" })).toEqual([
            'parts/2.csv row 1 must have the same header as parts/1.csv, "size,x,kind,n"; got "size,X,kind,n"',
        ]);
    });

    it("has its findings printed, each with the command that changes it", async () => {
        write([HEADER, ...SMALL].join(""));

        const { config, notes } = await check();
        expect(renderNotes(config.dataset, notes, pulumiCommand)).toEqual([
            "Findings about the dataset data.csv:",
            '  * Column "size" is left out: it numbers the rows',
            "    To change it: npx pulumi config set --path hyperparameters.types.size number",
            '  * Column "n" has the same value in every row (12345), so it carries no information',
            "    To change it: npx pulumi config set --path hyperparameters.types.n drop",
        ]);
    });

    it("is announced with its size if it is large", async () => {
        write([HEADER, ...SMALL].join(""));
        const lines: string[] = [];
        const announce = (line: string) => void lines.push(line);
        await check({}, announce);
        expect(lines).toEqual([]);

        // A sparse file takes no space.
        truncateSync(path.join(root, "data.csv"), 101_000_000);
        await check({}, announce).catch(() => undefined);
        expect(lines).toEqual(["Checking the dataset data.csv (101 MB) ..."]);
    });

    it("is not read again if the settings are the same", async () => {
        write([HEADER, ...SMALL].join(""));
        const { notes } = await check();
        const cache = path.join(root, "node_modules/.cache/gcp-trainer/datasets.json");
        writeFileSync(cache, readFileSync(cache, "utf8").replaceAll("numbers the rows", "comes from the cache"));
        expect((await check()).notes[0]?.message).toBe(
            notes[0]?.message.replace("numbers the rows", "comes from the cache"),
        );

        expect((await check({ dropColumns: '["n"]' })).notes).toEqual([]);
        appendFileSync(path.join(root, "data.csv"), "1\n");
        expect(await problemsOf()).toEqual([expect.stringMatching(/^data.csv row 202 has 1 cell, /)]);
    });

    it("needs only to exist if another trainer reads it", async () => {
        mkdirSync(path.join(root, "own"));
        copyFileSync(path.join(PROJECT_DIR, "own/Dockerfile"), path.join(root, "own/Dockerfile"));
        write("no table");

        expect((await check({ trainer: "own" })).notes).toEqual([]);
        expect(await problemsOf({ trainer: "own", dataset: "none.csv" })).toHaveLength(1);
    });

    it("is checked for the package's trainer, but not for the user's own trainer in the folder trainer", async () => {
        const inPackage = "node_modules/gcp-trainer/dist/built-in-trainer";
        mkdirSync(path.join(root, path.dirname(inPackage)), { recursive: true });
        renameSync(path.join(root, "trainer"), path.join(root, inPackage));
        mkdirSync(path.join(root, "trainer"));
        writeFileSync(path.join(root, "trainer/Dockerfile"), "FROM scratch");
        write([HEADER, ...SMALL].join(""));
        const wrong = { target: "knd", hyperparameters: '{"n_estimators":300}' };

        expect(await problemsOf({ trainer: inPackage, ...wrong })).toEqual([
            expect.stringMatching(/^`p:hyperparameters.n_estimators` /),
            expect.stringMatching(/^`p:target` must be .*"knd"/),
        ]);
        expect((await check({ trainer: "trainer", ...wrong })).notes).toEqual([]);
    });
});

it("a large dataset is sampled up to its end, with exact row numbers", async () => {
    const last = 650_000;
    const lines = Array.from({ length: last }, (_, number) => row(number, number === last - 1 ? "wide" : undefined));
    write(HEADER + lines.join(""));

    expect(await problemsOf()).toEqual([
        expect.stringMatching(
            /^data.csv row 650001, column "x": "wide" is text in a column of numbers \((?!649999)\d+ of \d+\)/,
        ),
    ]);
});

it("a file whose content changes is hashed again", async () => {
    write([HEADER, ...SMALL].join(""));
    await check();
    write(Buffer.from("PAR1"));
    utimesSync(path.join(root, "data.csv"), 1, 1);

    expect(await problemsOf()).toEqual([expect.stringContaining("got a Parquet file")]);
});
