import { once } from "node:events";
import {
    cpSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    realpathSync,
    rmSync,
    watch,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { CartModel } from "../../trainer/lib/model";
import { modelOf } from "../../trainer/test/model/models";
import { CliCommand, type EndedCommand } from "../helpers/cli-command";

// These tests run `npm run predict` as npm does, with a tree that ml-cart fitted to the iris dataset.
const ROOT = path.join(__dirname, "../..");
const cart = require(path.join(ROOT, "trainer/node_modules/ml-cart"));

const FEATURES = ["SepalLengthCm", "SepalWidthCm", "PetalLengthCm", "PetalWidthCm"];
const CLASSES = ["Iris-setosa", "Iris-versicolor", "Iris-virginica"];

const lines = readFileSync(path.join(ROOT, "data/iris.csv"), "utf8").trim().split(/\r?\n/);
const flowers = lines.slice(1).map((line) => line.split(","));
const x = flowers.map((cells) => cells.slice(1, 5).map(Number));
const tree = new cart.DecisionTreeClassifier({ gainFunction: "gini", maxDepth: 4, minNumSamples: 3 });

let folder: string;

beforeAll(() => {
    tree.train(
        x,
        flowers.map((cells) => CLASSES.indexOf(cells[5] as string)),
    );
});
beforeEach(() => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), "predict-e2e-")));
    mkdirSync(path.join(folder, "model"));
    const { root } = JSON.parse(JSON.stringify(tree)) as CartModel;
    const features = FEATURES.map((name) => ({ name, kind: "number", missing: false }) as const);
    writeFileSync(path.join(folder, "model/model.json"), JSON.stringify(modelOf(features, CLASSES, [root])));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Starts the command in the project folder, as npm does, for a user in the test's folder. */
function start(...args: string[]): CliCommand {
    const env = { INIT_CWD: folder, npm_package_json: path.join(ROOT, "package.json") };
    return new CliCommand("predict", args, { cwd: ROOT, env });
}

async function run(...args: string[]): Promise<EndedCommand> {
    const command = start(...args);
    command.stdin.end();
    return await command.ended;
}

describe("npm run predict on iris", () => {
    it("predicts the same classes as ml-cart for every row", async () => {
        cpSync(path.join(ROOT, "data/iris.csv"), path.join(folder, "iris.csv"));

        const { status, stderr } = await start("model", "iris.csv", "out.csv").ended;

        expect(stderr).toContain("Wrote out.csv: 150 rows, in ");
        expect(status).toBe(0);
        const written = readFileSync(path.join(folder, "out.csv"), "utf8").trim().split("\n").slice(1);
        const expected: number[] = tree.predict(x);
        expect(written.map((line) => line.split(",")[6])).toEqual(expected.map((label) => CLASSES[label]));
        expect(written.map((line) => line.split(",").slice(0, 6))).toEqual(flowers);
    });

    it("exits with 2 if a row has no prediction, and with 1 if nothing was written", async () => {
        writeFileSync(path.join(folder, "new.csv"), `${FEATURES}\n5.1,3.5,1.4,wide\n`);

        const some = await run("model", "new.csv");
        const none = await run("model", "nowhere.csv");

        expect([some.status, none.status]).toEqual([2, 1]);
        expect(some.stderr).toContain('new.csv row 2, column "PetalWidthCm": must be a number; got "wide"');
        expect(none.stderr).toBe(`${some.stderr.split("\n")[0]}\nerror: The input nowhere.csv does not exist\n`);
    });

    it.each(["SIGINT", "SIGTERM"] as const)("leaves nothing behind on %s", async (signal) => {
        const watcher = watch(folder);
        const created = once(watcher, "change");
        const command = start("model", "-", "out.csv");
        // The input does not end, so the command is waiting for more when the signal arrives. The command determines
        // the delimiter from the first 64 KiB before it opens the output.
        command.stdin.write(`${FEATURES}\n${"5.1,3.5,1.4,0.2\n".repeat(5000)}`);
        await created;
        watcher.close();
        const partial = readdirSync(folder).filter((name) => name !== "model");
        command.kill(signal);
        const { status, stderr } = await command.ended;

        expect(partial).toEqual([expect.stringMatching(/^\.out\.csv\..*\.partial$/)]);
        expect(status).toBe(signal === "SIGINT" ? 130 : 143);
        expect(stderr).toContain("Stopped: nothing was written");
        expect(readdirSync(folder)).toEqual(["model"]);
    });
});
