import fc from "fast-check";
import { describeProblem, HyperparameterError } from "../../lib/errors";
import { parseArguments } from "./parse-arguments";

function problemsOf(...argv: string[]): readonly string[] {
    try {
        parseArguments(argv);
    } catch (error) {
        if (error instanceof HyperparameterError) {
            return error.problems.map(describeProblem);
        }
        throw error;
    }
    return [];
}

describe("parseArguments", () => {
    it("requires only the target", () => {
        expect(parseArguments(["--target=Species"])).toEqual({
            target: "Species",
            dropColumns: undefined,
            task: undefined,
            missing: [],
            types: {},
            encoding: undefined,
            decimal: undefined,
            onBadCell: "stop",
            testFraction: 0.2,
            seed: 42,
            gainFunction: undefined,
            splitFunction: "mean",
            cv: undefined,
            grid: {
                algorithm: ["auto"],
                maxDepth: [64],
                minNumSamples: [undefined],
                gainThreshold: [undefined],
                complexity: [undefined],
                trees: [100],
                maxFeatures: [undefined],
            },
        });
    });

    it("reads every hyperparameter", () => {
        const argv = [
            '--algorithm=["tree","forest"]',
            "--complexity=0.01",
            "--cv=3",
            "--decimal=,",
            "--encoding=windows-1252",
            '--missing=["n/d","-999"]',
            "--onBadCell=missing",
            '--types={"zip":"text","day":"date","size":"number","note":"drop"}',
            '--dropColumns=["Id","a=b"]',
            "--gainFunction=gini",
            "--gainThreshold=1e-3",
            "--maxDepth=5",
            "--maxFeatures=2",
            "--minNumSamples=1",
            "--seed=0",
            "--splitFunction=mean",
            "--target=y",
            "--task=classification",
            "--testFraction=.5",
            "--trees=50",
        ];
        expect(parseArguments(argv)).toEqual({
            cv: 3,
            decimal: ",",
            encoding: "windows-1252",
            missing: ["n/d", "-999"],
            onBadCell: "missing",
            types: { zip: "text", day: "date", size: "number", note: "drop" },
            dropColumns: ["Id", "a=b"],
            gainFunction: "gini",
            seed: 0,
            splitFunction: "mean",
            target: "y",
            task: "classification",
            testFraction: 0.5,
            grid: {
                algorithm: ["tree", "forest"],
                maxDepth: [5],
                minNumSamples: [1],
                gainThreshold: [0.001],
                complexity: [0.01],
                trees: [50],
                maxFeatures: [2],
            },
        });
    });

    it("reads lists of values to choose from", () => {
        const argv = [
            "--target=y",
            "--maxDepth=[3, 5, 8]",
            "--gainThreshold=[0,1e-7]",
            '--algorithm=["forest","tree"]',
        ];
        expect(parseArguments(argv).grid).toMatchObject({
            algorithm: ["forest", "tree"],
            maxDepth: [3, 5, 8],
            gainThreshold: [0, 1e-7],
            trees: [100],
        });
    });

    it.each([
        ["--maxDepth=10abc", '`maxDepth` must be an integer from 1 to 64; got "10abc" (--maxDepth=8)'],
        ["--maxDepth=0", '`maxDepth` must be an integer from 1 to 64; got "0" (--maxDepth=8)'],
        ["--maxDepth=65", '`maxDepth` must be an integer from 1 to 64; got "65" (--maxDepth=8)'],
        ["--maxDepth=Infinity", '`maxDepth` must be an integer from 1 to 64; got "Infinity" (--maxDepth=8)'],
        ["--minNumSamples=2.5", '`minNumSamples` must be an integer from 1 to 1000000; got "2.5" (--minNumSamples=3)'],
        ["--seed=4294967296", '`seed` must be an integer from 0 to 4294967295; got "4294967296" (--seed=42)'],
        ["--testFraction=0.9", '`testFraction` must be a number from 0.05 to 0.5; got "0.9" (--testFraction=0.2)'],
        ["--testFraction=", '`testFraction` must be a number from 0.05 to 0.5; got "" (--testFraction=0.2)'],
        ["--gainThreshold=-1", '`gainThreshold` must be a number of at least 0; got "-1" (--gainThreshold=0.01)'],
        ["--gainThreshold=1e999", '`gainThreshold` must be a number of at least 0; got "1e999" (--gainThreshold=0.01)'],
        [
            "--gainFunction=entropy",
            '`gainFunction` must be "gini" or "regression"; got "entropy" (--gainFunction=gini)',
        ],
        [
            "--types=zip",
            '`types` must be a JSON object of column names, each with "number", "text", "date", "drop"; ' +
                'got "zip" (--types={"zip":"text"})',
        ],
        [
            "--missing=[1]",
            "`missing` must be a JSON list of cells that represent missing values; " +
                'got "[1]" (--missing=["n/d","-999"])',
        ],
        ["--decimal=;", '`decimal` must be "." or ","; got ";" (--decimal=.)'],
        ["--splitFunction=median", '`splitFunction` must be "mean"; got "median" (--splitFunction=mean)'],
        [
            "--task=clustering",
            '`task` must be "classification" or "regression"; got "clustering" (--task=classification)',
        ],
        ["--dropColumns=Id", '`dropColumns` must be a JSON list of column names; got "Id" (--dropColumns=["Id"])'],
        ["--dropColumns=[1]", '`dropColumns` must be a JSON list of column names; got "[1]" (--dropColumns=["Id"])'],
        ["--dropColumns=[]=", '`dropColumns` must be a JSON list of column names; got "[]=" (--dropColumns=["Id"])'],
        ['--types={"y":"drop"}', '`types` must not drop the target; got {"y":"drop"}'],
        ['--dropColumns=["y"]', '`dropColumns` must not contain the target; got ["y"]'],
        ["--maxDepth=[3,65]", '`maxDepth[1]` must be an integer from 1 to 64; got "65" (--maxDepth=8)'],
        ["--maxDepth=[3,[5]]", '`maxDepth[1]` must be an integer from 1 to 64; got "[5]" (--maxDepth=8)'],
        ["--maxDepth=[]", "`maxDepth` must be a list of 1 to 100 different values; got [] (--maxDepth=[8])"],
        ["--maxDepth=[3,3]", "`maxDepth` must be a list of 1 to 100 different values; got [3,3] (--maxDepth=[8])"],
        ["--maxDepth=[3", '`maxDepth` must be an integer from 1 to 64; got "[3" (--maxDepth=8)'],
        ["--seed=[1,2]", '`seed` must be an integer from 0 to 4294967295; got "[1,2]" (--seed=42)'],
        ["--algorithm=boosting", '`algorithm` must be "auto", "tree" or "forest"; got "boosting" (--algorithm=auto)'],
        ["--complexity=2", '`complexity` must be a number from 0 to 1; got "2" (--complexity=0.01)'],
        ["--cv=0", "`cv` must be 2 to 20 to choose a model; got 0 (--cv=5, or --algorithm=forest)"],
        ["--cv=1", '`cv` must be 0 (none) or an integer from 2 to 20; got "1" (--cv=5)'],
        ["maxDepth=3", 'Arguments must have the form --name=value; got "maxDepth=3"'],
        ["--maxDepth", 'Arguments must have the form --name=value; got "--maxDepth"'],
        ["--target=z", '`target` must be given only once; also got "z"'],
    ])("rejects %s", (argument, problem) => {
        expect(problemsOf("--target=y", argument)).toEqual([problem]);
    });

    it.each([
        [["--algorithm=tree", "--trees=50"], "`trees` must not be given for a single tree (--algorithm=forest)"],
        [["--algorithm=forest", "--complexity=0"], "`complexity` must not be given for a forest (--algorithm=tree)"],
        [
            ["--algorithm=tree", "--cv=0"],
            "`cv` must be 2 to 20 to choose `complexity`; got 0 (--cv=5, or --complexity=0.01)",
        ],
    ])("rejects %p", (argv, problem) => {
        expect(problemsOf("--target=y", ...argv)).toEqual([problem]);
    });

    it.each(["--complexity=0", "--gainThreshold=0.01"])(
        "allows a tree without cross-validation with %s",
        (argument) => {
            expect(parseArguments(["--target=y", "--algorithm=tree", "--cv=0", argument]).cv).toBe(0);
        },
    );

    it("lists the hyperparameters if one is unknown", () => {
        const [problem] = problemsOf("--target=y", "--toString=1");
        expect(problem).toMatch(
            /^`toString` is not a hyperparameter of this trainer; the hyperparameters are `target`, .*`maxDepth`/,
        );
    });

    it("requires folds if there is a list to choose from", () => {
        expect(problemsOf("--target=y", "--maxDepth=[3,5]", "--cv=0")).toEqual([
            "`cv` must be 2 to 20 to choose from the list in `maxDepth`; got 0 (--cv=5)",
        ]);
    });

    it("reports all problems together", () => {
        expect(problemsOf("--maxDepth=x", "--seed=y")).toEqual([
            '`maxDepth` must be an integer from 1 to 64; got "x" (--maxDepth=8)',
            '`seed` must be an integer from 0 to 4294967295; got "y" (--seed=42)',
            "`target` must be the name of the column to predict; got none (--target=Species)",
        ]);
    });

    it("accepts any text as a value, and throws nothing but a HyperparameterError", () => {
        fc.assert(
            fc.property(fc.string({ unit: "binary" }), (text) => {
                fc.pre(text.trim() !== "");
                expect(parseArguments([`--target=${text}`]).target).toBe(text.trim());
            }),
        );
        fc.assert(fc.property(fc.array(fc.string()), (argv) => problemsOf(...argv).length > 0));
    });
});
