import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { parseBenchArguments } from "../../bench/arguments";
import { CliCommand } from "../helpers/cli-command";

const PROJECT = path.join(__dirname, "../..");
const VENV = path.join(PROJECT, ".bench/venv");

async function bench(...args: string[]): Promise<string> {
    const command = new CliCommand("bench", args, { cwd: PROJECT });
    const { status, output, stdout } = await command.ended;
    expect({ status, output }).toMatchObject({ status: 0 });
    return stdout;
}

/** The dataset of a quick run is scikit-learn's iris, which appears in each of the four accuracy tables. */
const IRIS = ["iris", "iris", "iris", "iris"];

/** Some contenders are Python programs. Without their packages, the test is skipped, with the reason in its title. */
const missing = existsSync(path.join(VENV, "requirements.txt"))
    ? ""
    : " [skipped: found no .bench/venv; bench/python-packages.sh creates it]";

(missing === "" ? describe : describe.skip)(`npm run bench -- --quick${missing}`, () => {
    it("measures all contenders and writes the results", async () => {
        const output = await bench("--quick", "fit", "forest", "accuracy", "process");

        const file = /^Wrote (.+)$/m.exec(output)?.[1] ?? "";
        const results = await readFile(file, "utf8");
        const lines = results.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
        const rowsOf = (peer: string) => lines.filter((cells) => cells[2] === peer).map((cells) => cells[1]);
        expect(results).not.toContain("Failed");
        expect(rowsOf("ours")).toEqual(["1,000 × 10", "200 × 10", "1,000 × 10", "2,000"]);
        expect(rowsOf("scikit-learn")).toEqual(["1,000 × 10", "1,000 × 10", ...IRIS]);
        expect(rowsOf("ml-cart")).toEqual(["200 × 10"]);
        expect(rowsOf("Python")).toEqual(["2,000"]);
        expect(results).toMatch(/Machine: \d+ × /);
    });
});

describe("the arguments of npm run bench", () => {
    it("select all sections by default, and keep the sections' order", () => {
        expect(parseBenchArguments([])).toEqual({
            sections: ["fit", "forest", "accuracy", "learners", "process", "image"],
            quick: false,
        });
        expect(parseBenchArguments(["process", "--quick", "fit"])).toEqual({
            sections: ["fit", "process"],
            quick: true,
        });
    });

    it("cause one error that lists every invalid argument", () => {
        expect(() => parseBenchArguments(["--fast", "fit", "fitt"])).toThrow(
            "The bench arguments must be fit, forest, accuracy, learners, process, image or --quick; got --fast fitt " +
                "(npm run bench [-- [--quick] [fit] [forest] [accuracy] [learners] [process] [image]])",
        );
    });
});
