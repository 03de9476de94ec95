import { HyperparameterError } from "../../lib/errors";
import { countFolds, listTrials } from "../../src/search/trials";
import { parseArguments } from "../settings/parse-arguments";

function trialsOf(...argv: string[]) {
    return listTrials(parseArguments(["--target=y", ...argv]), 3, 10);
}

describe("listTrials", () => {
    it("leaves the size of a tree to be chosen, unless it is given", () => {
        const tree = { algorithm: "tree", maxDepth: 64, minNumSamples: 3, gainThreshold: 0 };
        expect(trialsOf("--algorithm=tree")).toEqual([{ ...tree, complexity: "chosen" }]);
        expect(trialsOf("--algorithm=tree", "--complexity=0.1")).toEqual([{ ...tree, complexity: 0.1 }]);
        expect(trialsOf("--algorithm=tree", "--gainThreshold=0.1")).toEqual([
            { ...tree, gainThreshold: 0.1, complexity: 0 },
        ]);
    });

    it("compares a tree with forests of three shapes by default, the simplest first", () => {
        const forest = { algorithm: "forest", maxDepth: 64, gainThreshold: 0, trees: 100 };
        expect(trialsOf()).toEqual([
            { algorithm: "tree", maxDepth: 64, minNumSamples: 3, gainThreshold: 0, complexity: "chosen" },
            { ...forest, minNumSamples: 8, maxFeatures: 6 },
            { ...forest, minNumSamples: 8, maxFeatures: 10 },
            { ...forest, minNumSamples: 1, maxFeatures: 3 },
        ]);
        expect(trialsOf("--maxFeatures=5", "--minNumSamples=2", "--trees=7").map(({ trees }) => trees)).toEqual([
            undefined,
            7,
        ]);
        expect(listTrials(parseArguments(["--target=y"]), 3, 1)).toHaveLength(3);
    });

    it("grows forest trees without stopping early, with the usual number of features for the task", () => {
        const grown = { algorithm: "forest", maxDepth: 64, minNumSamples: 1, gainThreshold: 0, trees: 100 };
        expect(trialsOf("--algorithm=forest")).toEqual([{ ...grown, maxFeatures: 3 }]);
        const numbers = listTrials(parseArguments(["--target=y", "--algorithm=forest"]), undefined, 10);
        expect(numbers).toEqual([{ ...grown, maxFeatures: 4 }]);
        expect(listTrials(parseArguments(["--target=y", "--algorithm=forest"]), 3, 1)).toEqual([
            { ...grown, maxFeatures: 1 },
        ]);
    });

    it("creates every combination of lists, with the last argument changing fastest", () => {
        expect(
            trialsOf("--algorithm=tree", "--minNumSamples=[1,3]", "--maxDepth=[2,4]").map((it) => [
                it.maxDepth,
                it.minNumSamples,
            ]),
        ).toEqual([
            [2, 1],
            [2, 3],
            [4, 1],
            [4, 3],
        ]);
    });

    it("tries a tree once, however many forests are tried", () => {
        const trials = trialsOf('--algorithm=["tree","forest"]', "--trees=[10,20]");
        expect(trials.map(({ algorithm, trees }) => [algorithm, trees])).toEqual([
            ["tree", undefined],
            ["forest", 10],
            ["forest", 20],
        ]);
    });

    it("rejects a maxFeatures above the number of features", () => {
        expect(() => trialsOf("--algorithm=forest", "--maxFeatures=[2,11]")).toThrow(
            new HyperparameterError(
                '`maxFeatures` must be an integer from 1 to 10, the number of features; got "11" (--maxFeatures=10)',
            ),
        );
    });

    it("rejects more than 1000 trials", () => {
        const list = JSON.stringify(Array.from({ length: 40 }, (_, place) => place + 1));
        expect(() => trialsOf(`--maxDepth=${list}`, `--minNumSamples=${list}`)).toThrow(
            new HyperparameterError(
                "The lists must combine into at most 1000 trials; got 1600 (`maxDepth` 40 x `minNumSamples` 40): shorten one",
            ),
        );
    });
});

describe("countFolds", () => {
    it.each([
        [["--algorithm=forest"], 0],
        [["--algorithm=tree"], 5],
        [["--algorithm=tree", "--complexity=0"], 0],
        [["--algorithm=tree", "--complexity=0", "--maxDepth=[2,3]"], 5],
        [["--algorithm=forest", "--cv=3"], 3],
        [["--algorithm=forest", "--cv=0"], 0],
        [[], 5],
    ])("converts %p to %d folds", (argv, folds) => {
        const hyperparameters = parseArguments(["--target=y", ...argv]);
        expect(countFolds(hyperparameters, listTrials(hyperparameters, 3, 10), 20)).toBe(folds);
    });

    it("rejects more folds than rows", () => {
        expect(() => countFolds(parseArguments(["--target=y", "--cv=9"]), [], 8)).toThrow(
            new HyperparameterError("`cv` must be at most 8, the number of training rows; got 9 (--cv=8)"),
        );
        expect(countFolds(parseArguments(["--target=y", "--cv=8"]), [], 8)).toBe(8);
    });
});
