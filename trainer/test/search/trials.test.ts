import { parseArguments } from "../../src/arguments";
import { HyperparameterError } from "../../src/errors";
import { countFolds, listTrials } from "../../src/search/trials";

function trialsOf(...argv: string[]) {
    return listTrials(parseArguments(["--target=y", ...argv]), 3, 10);
}

describe("listTrials", () => {
    it("creates one trial from single values, with ml-cart's defaults for a tree", () => {
        const tree = { algorithm: "tree", maxDepth: 64, minNumSamples: 3, gainThreshold: 0.01 };
        expect(trialsOf()).toEqual([tree]);
        expect(listTrials(parseArguments(["--target=y"]), undefined, 10)).toEqual([{ ...tree, gainThreshold: 0 }]);
    });

    it("requires a smaller gain if there are many classes, because the gain cannot be large", () => {
        const thresholds = [2, 10, 20, 500].map((classes) => {
            return listTrials(parseArguments(["--target=y"]), classes, 10)[0]?.gainThreshold;
        });
        expect(thresholds).toEqual([0.01, 0.01, 0.005, 0.0002]);
        expect(listTrials(parseArguments(["--target=y", "--gainThreshold=0.01"]), 500, 10)[0]?.gainThreshold).toBe(
            0.01,
        );
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
            trialsOf("--minNumSamples=[1,3]", "--maxDepth=[2,4]").map((it) => [it.maxDepth, it.minNumSamples]),
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
            new HyperparameterError([
                '`maxFeatures` must be an integer from 1 to 10, the number of features; got "11" (--maxFeatures=10)',
            ]),
        );
    });

    it("rejects more than 1000 trials", () => {
        const list = JSON.stringify(Array.from({ length: 40 }, (_, place) => place + 1));
        expect(() => trialsOf(`--maxDepth=${list}`, `--minNumSamples=${list}`)).toThrow(
            new HyperparameterError([
                "The lists must make at most 1000 trials; got 1600 (`maxDepth` 40 x `minNumSamples` 40): shorten one",
            ]),
        );
    });
});

describe("countFolds", () => {
    it.each([
        ["--seed=1", 1, 0],
        ["--seed=1", 2, 5],
        ["--cv=3", 1, 3],
        ["--cv=3", 2, 3],
        ["--cv=0", 1, 0],
    ])("with %s and %d trials, returns %d folds", (argument, trials, folds) => {
        expect(countFolds(parseArguments(["--target=y", argument]), trials, 20)).toBe(folds);
    });

    it("rejects more folds than rows", () => {
        expect(() => countFolds(parseArguments(["--target=y", "--cv=9"]), 1, 8)).toThrow(
            new HyperparameterError(["`cv` must be at most 8, the number of training rows; got 9 (--cv=8)"]),
        );
        expect(countFolds(parseArguments(["--target=y", "--cv=8"]), 1, 8)).toBe(8);
    });
});
