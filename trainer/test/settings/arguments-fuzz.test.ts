import fc from "fast-check";
import { anyJsonText, anyText, DEEP_JSON, expectNothingEvaluated, FUZZ } from "../../../tests/helpers/fuzz";
import { describeProblem, HyperparameterError } from "../../lib/errors";
import { parseArguments } from "./parse-arguments";

const NAMES = [
    "target",
    "dropColumns",
    "task",
    "testFraction",
    "seed",
    "cv",
    "algorithm",
    "maxDepth",
    "gainThreshold",
    "trees",
];

/** Returns the problems. Any error other than a `HyperparameterError` fails the test. */
function problemsOf(argv: readonly string[]): readonly string[] {
    try {
        parseArguments(argv);
        return [];
    } catch (error) {
        if (error instanceof HyperparameterError) {
            return error.problems.map(describeProblem);
        }
        throw error;
    }
}

describe("parseArguments", () => {
    it("accepts any arguments, or explains each problem in one sentence", () => {
        const argument = fc.oneof(
            fc
                .tuple(fc.oneof(fc.constantFrom(...NAMES), anyText), anyJsonText)
                .map(([name, value]) => `--${name}=${value}`),
            anyText,
        );
        fc.assert(
            fc.property(fc.array(argument, { maxLength: 5 }), (argv) => {
                for (const problem of problemsOf(argv)) {
                    expect(problem).toMatch(/ must | is not a hyperparameter /);
                    expect(problem).not.toMatch(/^ {4}at /m);
                }
            }),
            FUZZ,
        );
        expectNothingEvaluated();
    });

    it.each(NAMES.filter((name) => name !== "target"))("rejects `%s` with a list nested 20,000 levels deep", (name) => {
        for (const text of DEEP_JSON) {
            expect(problemsOf(["--target=a", `--${name}=${text}`])[0]).toMatch(new RegExp(`^\`${name}\` must be `));
        }
    });
});
